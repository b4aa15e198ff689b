use realtime_core::prelude::*;
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "poll/{id}")]
struct Poll {
    #[sync(key)]
    id: String,
    total: u32,
    names: Vec<String>,
    open: bool,
}

struct Money(u32);

impl std::ops::Add for Money {
    type Output = Money;
    fn add(self, other: Money) -> Money {
        Money(self.0 + other.0)
    }
}

#[mutations]
impl Poll {
    #[mutation(optimistic = none)]
    fn vote(&mut self) {
        let sum = Money(1) + Money(self.total);
        self.total = sum.0;
    }
}

fn main() {}
