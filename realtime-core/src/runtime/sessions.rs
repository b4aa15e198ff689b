//! Who is connected to this node, by principal: so that the rights of one can be asked for anew (S36).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// The sessions of this node whose principal is known.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, Vec<Arc<Notify>>>>);

impl Sessions {
    /// Adds a session; it is gone when what is returned is dropped.
    pub(crate) fn join(self: &Arc<Self>, principal: &str) -> Joined {
        let again = Arc::new(Notify::new());
        self.lock().entry(principal.to_owned()).or_default().push(Arc::clone(&again));
        Joined { sessions: Arc::clone(self), principal: principal.to_owned(), again }
    }

    /// Has the authenticator, policies and hooks asked anew for all sessions of a principal; returns how many.
    pub(crate) fn reauthenticate(&self, principal: &str) -> usize {
        let sessions = self.lock();
        let known = sessions.get(principal).map_or(&[][..], Vec::as_slice);
        known.iter().for_each(|again| again.notify_one());
        known.len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Arc<Notify>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session's place among them.
#[derive(Debug)]
pub(crate) struct Joined {
    sessions: Arc<Sessions>,
    principal: String,
    again: Arc<Notify>,
}

impl Joined {
    /// Resolves when its rights are to be asked for anew.
    pub(crate) async fn again(&self) {
        self.again.notified().await;
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        let mut sessions = self.sessions.lock();
        if let Some(known) = sessions.get_mut(&self.principal) {
            known.retain(|again| !Arc::ptr_eq(again, &self.again));
            if known.is_empty() {
                sessions.remove(&self.principal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn s36_all_sessions_of_a_principal_are_called_and_nobody_elses_and_the_gone_are_forgotten() {
        let sessions = Arc::new(Sessions::default());
        let (one, two, other) = (sessions.join("ann"), sessions.join("ann"), sessions.join("bob"));
        assert_eq!(sessions.reauthenticate("ann"), 2);
        assert!(one.again().now_or_never().is_some() && two.again().now_or_never().is_some());
        assert!(other.again().now_or_never().is_none());
        drop((one, two, other));
        assert_eq!((sessions.reauthenticate("ann"), sessions.lock().len()), (0, 0));
    }
}
