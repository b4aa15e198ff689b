//! Whether the store was promoted above what this program writes: then the node goes, and its clients elsewhere (S32).

use tokio::sync::watch;

/// Set once, and heard by every connection of the node.
#[derive(Debug)]
pub(crate) struct Retired(watch::Sender<bool>);

impl Default for Retired {
    fn default() -> Self {
        Self(watch::channel(false).0)
    }
}

impl Retired {
    /// The store's form is above this program's.
    pub(super) fn set(&self, form: u32) {
        if !self.0.send_replace(true) {
            tracing::error!(
                form,
                "the store was promoted to a form that this program does not write: its clients are sent elsewhere; deploy the newer program"
            );
        }
    }

    /// Resolves when it is.
    pub(crate) async fn heard(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(|retired| *retired).await;
    }
}
