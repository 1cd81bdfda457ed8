//! `pull_request` and `pull_request_review`.

use crate::dice::Sha;
use crate::json::Object;
use crate::organisation::{Account, LOGIN, PEOPLE, Repository};
use crate::payload::{Writer, node_id};
use crate::pull_requests::{PullAction, PullLife};
use crate::world::World;

/// The commit that every branch starts from.
pub(super) const BASE: Sha = Sha(0x0ba5e);

/// How GitHub writes a label's id; derived from its text, since labels are told apart by that.
fn label_id(label: &str) -> u64 {
    label.bytes().fold(1_362_900_000, |id, byte| id + u64::from(byte) * 31)
}

impl Writer {
    /// `pull_request`, at `at`.
    pub(super) fn pull_request(
        &self,
        world: &World,
        pull: usize,
        action: PullAction,
        at: i64,
    ) -> String {
        let life = &world.pulls[pull];
        let (name, sender) = match action {
            PullAction::Opened => ("opened", life.author),
            PullAction::ReviewRequested => ("review_requested", life.author),
            PullAction::Synchronize => ("synchronize", life.author),
            PullAction::ConvertedToDraft => ("converted_to_draft", life.author),
            PullAction::ReadyForReview => ("ready_for_review", life.author),
            PullAction::Review(_) => ("edited", life.reviewer),
            PullAction::Closed => ("closed", life.merger),
            PullAction::Reopened => ("reopened", life.author),
            PullAction::Labeled => ("labeled", life.merger),
        };
        self.envelope(name, life.repository(), sender, |o| {
            o.number("number", life.number);
            o.object("pull_request", |o| self.pull_members(o, life, at, true));
            match action {
                PullAction::Synchronize => {
                    o.text("before", &life.head(at - 1).to_string());
                    o.text("after", &life.head(at).to_string());
                }
                PullAction::ReviewRequested => {
                    o.raw("requested_reviewer", self.fragments.account(life.reviewer));
                }
                PullAction::Labeled => {
                    o.object("label", |o| label(o, life.repository(), life.label))
                }
                _ => {}
            }
        })
    }

    /// `pull_request_review`, submitted.
    pub(super) fn review(&self, world: &World, pull: usize, nth: usize) -> String {
        let life = &world.pulls[pull];
        let review = &life.reviews[nth];
        self.envelope("submitted", life.repository(), review.by, |o| {
            o.object("review", |o| {
                let page = format!("{}#pullrequestreview-{}", page(life), review.id);
                o.number("id", review.id);
                o.text("node_id", &node_id("PRR", review.id));
                o.raw("user", self.fragments.account(review.by));
                let long = if review.by.is_bot() { 30 } else { 1 };
                o.text("body", &self.prose("Looks fine but for the details.", long));
                o.text("commit_id", &life.head(review.at).to_string());
                o.time("submitted_at", review.at);
                o.text("state", review.state);
                o.text("html_url", &page);
                o.text("pull_request_url", &api(life, "pulls"));
                o.text("author_association", "MEMBER");
            });
            o.object("pull_request", |o| self.pull_members(o, life, review.at, false));
        })
    }

    /// The pull request's own members; `counts` are in `pull_request` payloads only.
    fn pull_members(&self, o: &mut Object<'_>, life: &PullLife, at: i64, counts: bool) {
        let closed = life.closed_at(at);
        let merged = life.merged().filter(|merged| *merged <= at);
        o.text("url", &api(life, "pulls"));
        o.number("id", life.id);
        o.text("node_id", &node_id("PR", life.id));
        o.text("html_url", &page(life));
        o.number("number", life.number);
        o.text("state", if closed.is_some() { "closed" } else { "open" });
        o.flag("locked", false);
        o.text("title", &life.title);
        o.raw("user", self.fragments.account(life.author));
        let long = if life.author.is_bot() { 60 } else { 6 };
        o.text("body", &self.prose(&life.title, long));
        o.time("created_at", life.opened);
        o.time("updated_at", at);
        o.time_or_null("closed_at", closed);
        o.time_or_null("merged_at", merged);
        let merge_commit = life.merge_commit().to_string();
        o.text_or_null("merge_commit_sha", merged.map(|_| &*merge_commit));
        o.null("assignee");
        o.raw("assignees", "[]");
        self.asked_and_labelled(o, life, at);
        o.object("head", |o| self.side(o, life, &life.branch, life.head(at), life.author));
        o.object("base", |o| self.side(o, life, "main", BASE, &PEOPLE[0]));
        o.text("author_association", "MEMBER");
        o.null("auto_merge");
        o.null("active_lock_reason");
        o.flag("draft", life.is_draft(at));
        self.pad(o, |o| links(o, life));
        if counts {
            self.counts(o, life, at, merged.is_some());
        }
    }

    fn asked_and_labelled(&self, o: &mut Object<'_>, life: &PullLife, at: i64) {
        match life.requested.filter(|asked| *asked <= at) {
            Some(_) => {
                let list = format!("[{}]", self.fragments.account(life.reviewer));
                o.raw("requested_reviewers", &list);
            }
            None => o.raw("requested_reviewers", "[]"),
        }
        o.raw("requested_teams", "[]");
        let labels = life.commits(at) > 1 || life.closed_at(at).is_some();
        o.objects("labels", labels.then_some(life.label), |o, text| {
            label(o, life.repository(), text);
        });
        o.null("milestone");
    }

    fn side(&self, o: &mut Object<'_>, life: &PullLife, branch: &str, sha: Sha, user: &Account) {
        o.text("label", &format!("{LOGIN}:{branch}"));
        o.text("ref", branch);
        o.text("sha", &sha.to_string());
        o.raw("user", self.fragments.account(user));
        o.raw("repo", self.fragments.repository(life.repository()));
    }

    fn counts(&self, o: &mut Object<'_>, life: &PullLife, at: i64, merged: bool) {
        o.flag("merged", merged);
        o.flag("mergeable", true);
        o.flag("rebaseable", true);
        o.text("mergeable_state", "clean");
        match merged {
            true => o.raw("merged_by", self.fragments.account(life.merger)),
            false => o.null("merged_by"),
        }
        let reviews = life.reviews.iter().filter(|review| review.at <= at).count() as u64;
        o.number("comments", 0);
        o.number("review_comments", reviews);
        o.flag("maintainer_can_modify", false);
        o.number("commits", life.commits(at));
        o.number("additions", life.seed % 700);
        o.number("deletions", life.seed % 300);
        o.number("changed_files", 1 + life.seed % 20);
    }
}

fn api(life: &PullLife, kind: &str) -> String {
    let repo = life.repository().full_name;
    format!("https://api.github.com/repos/{repo}/{kind}/{}", life.number)
}

fn page(life: &PullLife) -> String {
    format!("https://github.com/{}/pull/{}", life.repository().full_name, life.number)
}

fn links(o: &mut Object<'_>, life: &PullLife) {
    let (api, issue, page) = (api(life, "pulls"), api(life, "issues"), page(life));
    o.text("diff_url", &format!("{page}.diff"));
    o.text("patch_url", &format!("{page}.patch"));
    o.text("issue_url", &issue);
    o.text("commits_url", &format!("{api}/commits"));
    o.text("review_comments_url", &format!("{api}/comments"));
    o.text("comments_url", &format!("{issue}/comments"));
    o.object("_links", |o| {
        for (name, href) in [
            ("self", api.clone()),
            ("html", page.clone()),
            ("issue", issue.clone()),
            ("comments", format!("{issue}/comments")),
            ("review_comments", format!("{api}/comments")),
            ("commits", format!("{api}/commits")),
        ] {
            o.object(name, |o| o.text("href", &href));
        }
    });
}

/// A label's members.
pub(super) fn label(o: &mut Object<'_>, repository: &Repository, text: &str) {
    let id = label_id(text);
    o.number("id", id);
    o.text("node_id", &node_id("LA", id));
    // GitHub escapes the name in the path; an id does as well here.
    let repo = repository.full_name;
    o.text("url", &format!("https://api.github.com/repos/{repo}/labels/{id}"));
    o.text("name", text);
    o.text("color", "d73a4a");
    o.flag("default", false);
    o.text("description", text);
}
