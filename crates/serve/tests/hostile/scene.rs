//! A server in front of a lake in a directory that goes with the test.

use std::io::Read;
use std::net::SocketAddr;

use flate2::read::MultiGzDecoder;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use octolake_ingest::{Endpoint, Secret, Secrets};
use octolake_serve::{Config, Server, Summary};
use octolake_store::{Lake, LakeUrl};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The secret that the server knows.
pub(crate) const SECRET: &str = "It's a Secret to Everybody";
/// The largest body that it takes, in bytes.
pub(crate) const BODY_LIMIT: usize = 300_000;

/// Held by a test that measures time or fills the machine: one at a time.
pub(crate) static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A running server.
pub(crate) struct Scene {
    _dir: tempfile::TempDir,
    lake: Lake,
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    done: JoinHandle<Summary>,
}

/// One line of a raw object.
#[derive(Debug, Clone)]
pub(crate) struct Landed {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) source: String,
    /// The payload's text, without the `_delivery` that stands in front.
    pub(crate) payload: String,
}

/// The value of `X-Hub-Signature-256`.
pub(crate) fn sign(secret: &str, body: &[u8]) -> String {
    Secret::from_text(secret).unwrap().sign(body)
}

impl Scene {
    /// Starts a server on any port; `change` changes its settings.
    pub(crate) async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let lake = Lake::open_or_create(&LakeUrl::Directory(dir.path().join("lake"))).unwrap();
        let secrets = ["the next one", SECRET].map(|text| Secret::from_text(text).unwrap());
        let endpoint = Endpoint::new(Secrets::new(secrets.into()).unwrap());
        let endpoint = endpoint.with_body_limit(BODY_LIMIT);
        let listen = "127.0.0.1:0".parse().unwrap();
        let mut config = Config::new(listen, lake.clone(), None, endpoint).unwrap();
        change(&mut config);
        let server = Server::bind(config).await.unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { stopped.await.unwrap() };
        let done = tokio::spawn(async move { server.run(shutdown).await.unwrap() });
        Self { _dir: dir, lake, address, stop, done }
    }

    /// Stops the server, as SIGTERM does, and waits until it has.
    pub(crate) async fn finish(self) -> (Summary, Vec<Landed>) {
        self.stop.send(()).unwrap();
        let summary = self.done.await.unwrap();
        let prefix = "raw".into();
        let objects: Vec<_> = self.lake.store().list(Some(&prefix)).try_collect().await.unwrap();
        let mut landed = vec![];
        for object in objects {
            let got = self.lake.store().get(&object.location).await.unwrap();
            landed.extend(lines(&got.bytes().await.unwrap()));
        }
        (summary, landed)
    }
}

fn lines(gzip: &[u8]) -> Vec<Landed> {
    let mut text = String::new();
    MultiGzDecoder::new(gzip).read_to_string(&mut text).unwrap();
    text.lines().map(Landed::read).collect()
}

impl Landed {
    /// By hand: what is tested must not read its own writing.
    fn read(line: &str) -> Self {
        let (envelope, detail) = line.split_once(r#""detail":{"_delivery":"#).unwrap();
        let envelope: Value = serde_json::from_str(&format!("{envelope}\"end\":0}}")).unwrap();
        // The member's own object holds texts of a known form only, and none holds a brace.
        let (meta, rest) = detail.split_once('}').unwrap();
        let meta: Value = serde_json::from_str(&format!("{meta}}}")).unwrap();
        let rest = rest.strip_suffix('}').unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            id: text(&meta["id"]),
            event: text(&envelope["detail-type"]),
            source: text(&envelope["source"]),
            payload: format!("{{{}", rest.strip_prefix(',').unwrap_or(rest)),
        }
    }
}
