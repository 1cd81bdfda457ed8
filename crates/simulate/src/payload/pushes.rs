//! `push` and `issues`.

use crate::activity::{IssueAction, PushKind};
use crate::dice::Sha;
use crate::json::{Object, document, time};
use crate::organisation::Account;
use crate::payload::pull_requests::{BASE, label};
use crate::payload::{Writer, node_id};
use crate::pull_requests::PullLife;
use crate::world::World;

/// The commit that is not there: before a creation, after a deletion.
const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

impl Writer {
    /// `push`.
    pub(super) fn push(&self, world: &World, push: usize) -> String {
        let push = &world.pushes[push];
        let life = &world.pulls[push.pull];
        let head = life.head(push.at).to_string();
        let (branch, before, after, sender) = match push.kind {
            PushKind::Create => (&*life.branch, NO_COMMIT.to_owned(), head, life.author),
            PushKind::Update => {
                (&*life.branch, life.head(push.at - 1).to_string(), head, life.author)
            }
            PushKind::Merge => {
                ("main", BASE.to_string(), life.merge_commit().to_string(), life.merger)
            }
            PushKind::Delete => (&*life.branch, head, NO_COMMIT.to_owned(), life.merger),
        };
        let deleted = push.kind == PushKind::Delete;
        let commit = document(1_000, |o| commit(o, life, &after, push.at, sender));
        document(9_000, |o| {
            o.text("ref", &format!("refs/heads/{branch}"));
            o.text("before", &before);
            o.text("after", &after);
            o.raw("repository", self.fragments.pushed_repository(life.repository()));
            o.object("pusher", |o| {
                o.text("name", sender.login);
                o.text("email", &email(sender));
            });
            o.raw("organization", self.fragments.organisation());
            o.raw("sender", self.fragments.account(sender));
            o.raw("installation", self.fragments.installation());
            o.flag("created", push.kind == PushKind::Create);
            o.flag("deleted", deleted);
            o.flag("forced", false);
            o.null("base_ref");
            let repo = life.repository().full_name;
            o.text("compare", &format!("https://github.com/{repo}/compare/{after}"));
            match deleted {
                true => o.raw("commits", "[]"),
                false => o.raw("commits", &format!("[{commit}]")),
            }
            o.raw("head_commit", if deleted { "null" } else { &commit });
        })
    }

    /// `issues`, at `at`.
    pub(super) fn issue(
        &self,
        world: &World,
        issue: usize,
        action: IssueAction,
        at: i64,
    ) -> String {
        let life = &world.issues[issue];
        let (name, closed) = match action {
            IssueAction::Opened => ("opened", None),
            IssueAction::Labeled => ("labeled", None),
            IssueAction::Closed => ("closed", life.closed),
        };
        let id = 1_900_000_000 + issue as u64;
        let repository = life.repository();
        self.envelope(name, repository, life.author, |o| {
            o.object("issue", |o| {
                let path = format!("{}/issues/{}", repository.full_name, life.number);
                let api = format!("https://api.github.com/repos/{path}");
                o.text("url", &api);
                o.text("html_url", &format!("https://github.com/{path}"));
                self.pad(o, |o| {
                    for part in ["comments", "events", "timeline"] {
                        o.text(&format!("{part}_url"), &format!("{api}/{part}"));
                    }
                });
                o.number("id", id);
                o.text("node_id", &node_id("I", id));
                o.number("number", life.number);
                o.text("title", &life.title);
                o.raw("user", self.fragments.account(life.author));
                let labelled = action != IssueAction::Opened;
                let labels = labelled.then_some(life.label);
                o.objects("labels", labels, |o, text| label(o, repository, text));
                o.text("state", if closed.is_some() { "closed" } else { "open" });
                o.text_or_null("state_reason", closed.map(|_| "completed"));
                o.flag("locked", false);
                o.null("assignee");
                o.null("milestone");
                o.number("comments", 0);
                o.time("created_at", life.opened);
                o.time("updated_at", at);
                o.time_or_null("closed_at", closed);
                o.text("author_association", "MEMBER");
                o.text("body", &self.prose(&life.title, 12));
            });
            if action == IssueAction::Labeled {
                o.object("label", |o| label(o, repository, life.label));
            }
        })
    }
}

fn email(account: &Account) -> String {
    format!("{}+{}@users.noreply.github.com", account.id, account.login)
}

fn commit(o: &mut Object<'_>, life: &PullLife, id: &str, at: i64, by: &Account) {
    o.text("id", id);
    o.text("tree_id", &Sha(life.seed ^ 0x7ee).to_string());
    o.flag("distinct", true);
    o.text("message", &format!("{} (#{})", life.title, life.number));
    o.text("timestamp", &time(at));
    o.text("url", &format!("https://github.com/{}/commit/{id}", life.repository().full_name));
    for role in ["author", "committer"] {
        o.object(role, |o| {
            o.text("name", by.login);
            o.text("email", &email(by));
            o.text("username", by.login);
        });
    }
    o.texts("added", &["src/new file.rs"]);
    o.texts("removed", &[]);
    o.texts("modified", &["src/lib.rs", "README.md"]);
}
