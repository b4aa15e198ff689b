//! The stores that come with the crate, held to every clause of their contract.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod memory {
    use realtime_core::{store::Memory, store_suite};

    store_suite!(async || Memory::new());
}

/// One store of several apps.
mod shared {
    use std::sync::Arc;

    use realtime_core::{
        store::{Memory, Store},
        store_suite,
        testing::run,
    };

    store_suite!(async || Arc::new(Memory::new()));

    #[test]
    fn it_is_what_it_shares() {
        let store: Arc<dyn Store> = Arc::new(Memory::new());
        let shared = Arc::new(Arc::clone(&store));
        assert_eq!((shared.describe(), shared.durability()), (store.describe(), store.durability()));
        assert!(shared.outbox().is_some());
        run(async { (shared.start().await.unwrap(), store.start().await.unwrap()) });
    }
}

mod embedded {
    use std::{
        fs,
        path::{Path, PathBuf},
        sync::{
            LazyLock,
            atomic::{AtomicU64, Ordering},
        },
    };

    use realtime_core::{
        store::{Embedded, Store},
        store_suite,
    };

    /// A folder of this run, within the build's.
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stores");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    });

    async fn open(path: PathBuf) -> Embedded {
        let store = Embedded::at(path);
        store.start().await.unwrap();
        store
    }

    async fn fresh() -> Embedded {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        open(FOLDER.join(format!("{n}.db"))).await
    }

    store_suite!(
        async || fresh().await,
        reopen = async |store: Embedded| {
            let path = store.path().to_owned();
            drop(store);
            open(path).await
        }
    );
}
