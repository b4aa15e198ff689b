use realtime_core::prelude::*;

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "card/{id}", conflict = refuse)]
struct Card {
    #[sync(key)]
    id: String,
    points: u32,
}

#[mutations]
impl Card {
    #[mutation(conflict = refuse)]
    fn all(tx: &mut Tx<Card>) {
        let _ = tx.now();
    }

    #[mutation(conflict = refuze)]
    fn estimate(&mut self, points: u32) {
        self.points = points;
    }

    #[mutation(conflict = "merge")]
    fn merge(&mut self, points: u32) {
        self.points += points;
    }

    #[mutation(conflict)]
    fn reset(&mut self) {
        self.points = 0;
    }

    #[mutation(conflct = refuse)]
    fn raise(&mut self) {
        self.points += 1;
    }
}

fn main() {}
