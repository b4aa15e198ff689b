use realtime_core::prelude::*;

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "log/{id}")]
struct Log {
    #[sync(key)]
    id: String,
}

macro_rules! line {
    ($($name:ident $retain:tt)+) => {$(
        #[derive(SyncModel, Clone, Serialize, Deserialize)]
        #[sync(topic = Log, retain = $retain)]
        struct $name {
            #[sync(key)]
            id: Id,
            at: Timestamp,
        }
    )+};
}

line! {
    NoUnit "90"
    NoNumber "days"
    Weeks "2w"
    Nothing "0s"
    TooLong "11y"
    TooManyDays "4000d"
    None 0
    TooMany 4294967296
    Word true
}

fn main() {}
