//! Sending a simulated organisation's deliveries to the real endpoint, signed, over HTTP.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use octolake_ingest::{Endpoint, Secret, Secrets};
use octolake_serve::{Config, Server};
use octolake_simulate::{SimulatedDelivery, Simulation};
use octolake_store::Lake;
use reqwest::{Client, StatusCode};
use serde::Serialize;
use tokio::sync::oneshot;
use uuid::Uuid;

/// How many deliveries are under way at once.
const CONNECTIONS: usize = 64;
/// Every so many deliveries, somebody without the secret tries one too.
const FORGED_EVERY: usize = 500;

/// What was delivered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// Deliveries answered with 2xx, redeliveries among them.
    pub accepted: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// Deliveries with a wrong signature, answered with 401.
    pub forged_refused: u64,
    /// Raw objects that they landed in.
    pub objects: u64,
}

/// Starts the endpoint, sends everything, and stops it again. `on_progress` is told how many
/// deliveries were answered.
///
/// # Errors
/// The endpoint does not start, or answers otherwise than it should.
pub async fn deliver(
    simulation: &Simulation,
    lake: &Lake,
    on_progress: &(dyn Fn(u64) + Send + Sync),
) -> anyhow::Result<Delivered> {
    let secret = Uuid::new_v4().to_string();
    let secrets = Secrets::new(vec![Secret::from_text(&secret)?])?;
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server =
        Server::bind(Config::new(listen, lake.clone(), None, Endpoint::new(secrets))?).await?;
    let client = Sender {
        client: Client::builder().pool_max_idle_per_host(CONNECTIONS).build()?,
        url: format!("http://{}/webhook", server.address()),
        secret: Secret::from_text(&secret)?,
        forger: Secret::from_text("not the secret")?,
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(async {
        // A sender that is gone is a stop too.
        let _ = stopped.await;
    }));
    let sent = client.send_all(simulation, on_progress).await;
    let _ = stop.send(());
    let summary = serving.await.context("the endpoint broke off")??;
    Ok(Delivered { objects: summary.objects, ..sent? })
}

struct Sender {
    client: Client,
    url: String,
    secret: Secret,
    forger: Secret,
}

impl Sender {
    async fn send_all(
        &self,
        simulation: &Simulation,
        on_progress: &(dyn Fn(u64) + Send + Sync),
    ) -> anyhow::Result<Delivered> {
        let answered = &AtomicU64::new(0);
        stream::iter(simulation.deliveries().enumerate())
            .map(|(index, delivery)| async move {
                let forged = index % FORGED_EVERY == 0;
                if forged {
                    self.send(&delivery, &self.forger, StatusCode::UNAUTHORIZED).await?;
                }
                let expected =
                    if delivery.event == "ping" { StatusCode::OK } else { StatusCode::ACCEPTED };
                self.send(&delivery, &self.secret, expected).await?;
                on_progress(answered.fetch_add(1, Ordering::Relaxed) + 1);
                anyhow::Ok((delivery.body.len() as u64, u64::from(forged)))
            })
            .buffer_unordered(CONNECTIONS)
            .try_fold(Delivered::default(), |sum, (bytes, forged)| async move {
                Ok(Delivered {
                    accepted: sum.accepted + 1,
                    bytes: sum.bytes + bytes,
                    forged_refused: sum.forged_refused + forged,
                    objects: 0,
                })
            })
            .await
    }

    async fn send(
        &self,
        delivery: &SimulatedDelivery,
        secret: &Secret,
        expected: StatusCode,
    ) -> anyhow::Result<()> {
        let answer = self
            .client
            .post(&self.url)
            .header("content-type", "application/json")
            .header("x-github-event", delivery.event)
            .header("x-github-delivery", delivery.id.to_string())
            .header("x-github-hook-id", delivery.hook_id.to_string())
            .header("x-github-hook-installation-target-type", delivery.target_type)
            .header("x-github-hook-installation-target-id", delivery.target_id.to_string())
            .header("x-hub-signature-256", secret.sign(delivery.body.as_bytes()))
            .body(delivery.body.clone())
            .send()
            .await
            .with_context(|| format!("cannot deliver {}", delivery.id))?;
        let status = answer.status();
        let body = answer.text().await.unwrap_or_default();
        anyhow::ensure!(
            status == expected,
            "the endpoint answered {} with {status} where {expected} is right: {body}",
            delivery.id
        );
        Ok(())
    }
}
