//! A thread's end of its queue: whoever asks is answered, or told that nobody will, also in the last moment.

use tokio::sync::mpsc;

/// What waits for a thread.
pub(super) struct Jobs<T>(mpsc::Receiver<T>);

impl<T> Jobs<T> {
    pub(super) fn new(jobs: mpsc::Receiver<T>) -> Self {
        Self(jobs)
    }

    /// Waits for the next job; `None`: nobody can ask any more.
    pub(super) fn next(&mut self) -> Option<T> {
        self.0.blocking_recv()
    }

    /// Returns a job that waits already.
    pub(super) fn waiting(&mut self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

/// A receiver that is only dropped leaves a job in the queue that is put there at that moment, and its caller waits
/// for ever. One that is closed first says when no more can come.
impl<T> Drop for Jobs<T> {
    fn drop(&mut self) {
        self.0.close();
        while self.0.blocking_recv().is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::{self, error::TryRecvError};

    use super::*;

    #[test]
    fn c11_a_job_that_comes_while_the_thread_ends_is_let_go_of() {
        let (ask, jobs) = mpsc::channel(1);
        let jobs = Jobs::new(jobs);
        let place = crate::testing::run(async { ask.clone().reserve_owned().await.unwrap() });
        let thread = std::thread::spawn(move || drop(jobs));
        while !ask.is_closed() {
            std::thread::yield_now();
        }
        let (reply, mut answer) = oneshot::channel::<()>();
        drop(place.send(reply));
        thread.join().unwrap();
        assert_eq!(answer.try_recv(), Err(TryRecvError::Closed), "told that nobody will answer");
    }
}
