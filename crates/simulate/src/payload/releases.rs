//! `release`, `deployment`, `deployment_status` and `ping`.

use crate::activity::{DeploymentLife, ReleaseLife};
use crate::json::{Object, document};
use crate::organisation::{ACTIONS_BOT, HOOK_ID, LOGIN, PEOPLE, REPOSITORIES};
use crate::payload::{Writer, node_id};
use crate::world::World;

impl Writer {
    /// `release`: the action with index `nth`.
    pub(super) fn release(&self, world: &World, release: usize, nth: usize) -> String {
        let life = &world.releases[release];
        let repository = &REPOSITORIES[life.repo];
        let api = format!("https://api.github.com/repos/{}", repository.full_name);
        self.envelope(ReleaseLife::ACTIONS[nth], repository, life.author, |o| {
            o.object("release", |o| {
                let url = format!("{api}/releases/{}", life.id);
                let page = format!("https://github.com/{}/releases/tag", repository.full_name);
                o.text("url", &url);
                o.text("assets_url", &format!("{url}/assets"));
                o.text("html_url", &format!("{page}/{}", life.tag));
                o.number("id", life.id);
                o.text("node_id", &node_id("RE", life.id));
                o.text("tag_name", &life.tag);
                o.text("target_commitish", "main");
                o.text("name", &life.notes);
                o.flag("draft", false);
                o.raw("author", self.fragments.account(life.author));
                o.flag("prerelease", false);
                o.time("created_at", life.committed);
                o.time("published_at", life.published);
                o.raw("assets", "[]");
                o.text("tarball_url", &format!("{api}/tarball/{}", life.tag));
                o.text("zipball_url", &format!("{api}/zipball/{}", life.tag));
                o.text("body", &self.prose(&life.notes, 25));
            });
        })
    }

    /// `deployment`, or `deployment_status` with the status with index `status`.
    pub(super) fn deployment(
        &self,
        world: &World,
        deployment: usize,
        status: Option<usize>,
    ) -> String {
        let life = &world.deployments[deployment];
        let status = status.map(|nth| (nth, life.statuses[nth]));
        self.envelope("created", life.repository(), &ACTIONS_BOT, |o| {
            if let Some((nth, (at, state))) = status {
                o.object("deployment_status", |o| {
                    self.deployment_status(o, life, nth as u64, at, state);
                });
            }
            let updated = status.map_or(life.created, |(_, (at, _))| at);
            o.object("deployment", |o| self.deployment_members(o, life, updated));
            o.null("workflow");
            o.null("workflow_run");
        })
    }

    fn deployment_status(
        &self,
        o: &mut Object<'_>,
        life: &DeploymentLife,
        nth: u64,
        at: i64,
        state: &str,
    ) {
        let id = life.id * 10 + nth;
        let url = deployment_url(life);
        o.text("url", &format!("{url}/statuses/{id}"));
        o.number("id", id);
        o.text("node_id", &node_id("DES", id));
        o.text("state", state);
        o.raw("creator", self.fragments.account(&ACTIONS_BOT));
        o.text("description", "");
        o.text("environment", "production");
        o.text("target_url", "");
        o.time("created_at", at);
        o.time("updated_at", at);
        o.text("deployment_url", &url);
    }

    fn deployment_members(&self, o: &mut Object<'_>, life: &DeploymentLife, updated: i64) {
        let url = deployment_url(life);
        o.text("url", &url);
        o.number("id", life.id);
        o.text("node_id", &node_id("DE", life.id));
        o.text("task", "deploy");
        o.text("original_environment", "production");
        o.text("environment", "production");
        o.null("description");
        o.time("created_at", life.created);
        o.time("updated_at", updated);
        o.text("statuses_url", &format!("{url}/statuses"));
        o.raw("creator", self.fragments.account(&ACTIONS_BOT));
        o.text("sha", &life.head.to_string());
        o.text("ref", "main");
        o.raw("payload", "{}");
        o.flag("transient_environment", false);
        o.flag("production_environment", true);
    }

    /// `ping`, as an organisation's hook sends it: without a repository.
    pub(super) fn ping(&self, at: i64) -> String {
        document(2_000, |o| {
            o.text("zen", "Anything added dilutes everything else.");
            o.number("hook_id", HOOK_ID);
            o.object("hook", |o| {
                o.text("type", "Organization");
                o.number("id", HOOK_ID);
                o.text("name", "web");
                o.flag("active", true);
                o.texts("events", &["*"]);
                o.object("config", |o| {
                    o.text("content_type", "json");
                    o.text("insecure_ssl", "0");
                    o.text("secret", "********");
                    o.text("url", "https://hooks.example.test/webhook");
                });
                o.time("created_at", at);
                o.time("updated_at", at);
                o.text("url", &format!("https://api.github.com/orgs/{LOGIN}/hooks/{HOOK_ID}"));
            });
            o.raw("organization", self.fragments.organisation());
            o.raw("sender", self.fragments.account(&PEOPLE[0]));
        })
    }
}

fn deployment_url(life: &DeploymentLife) -> String {
    let repo = life.repository().full_name;
    format!("https://api.github.com/repos/{repo}/deployments/{}", life.id)
}
