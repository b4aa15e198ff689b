//! The Realtime server: derive a sync model, serve it, keep every client in step.
