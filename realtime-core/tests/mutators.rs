//! The Rust side of mutators: rewritten arithmetic and probes change neither types nor borrows, and nothing wraps.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

use realtime_core::{
    __private::{Fault, OptimisticDecl},
    prelude::*,
    protocol::lower::Block,
};

const MAX: usize = 3;

#[derive(SyncModel, Clone, Default, Serialize, Deserialize)]
#[sync(topic = "sheet/{id}")]
struct Sheet {
    #[sync(key)]
    id: String,
    name: String,
    total: u32,
    signed: i32,
    ratio: f64,
    cells: Vec<Cell>,
    by: BTreeMap<String, u32>,
    tags: BTreeSet<String>,
    state: State,
    last: Option<Cell>,
}

#[derive(SyncType, Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
struct Cell {
    name: String,
    value: u32,
    at: (i32, i32),
}

#[derive(SyncType, Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
enum State {
    #[default]
    Draft,
    Review {
        by: String,
        round: u32,
    },
    Done(u32),
}

#[derive(SyncError, Debug, PartialEq)]
enum Fail {
    NotFound,
    Full,
    Forbidden { by: String },
}

#[mutations]
impl Sheet {
    const LIMIT: u32 = 10;

    fn arithmetic(&mut self, x: u32, y: i32) -> Result<u32, Fail> {
        let mut t = 0;
        t += x;
        t = 1 + t;
        t = 2 * t + 1;
        self.total = t - x / 2 % 7;
        self.signed = -y + (-1);
        self.signed -= -self.signed.abs();
        self.ratio *= 2.0;
        self.ratio = self.ratio / 3.0 - 1.0 * -self.ratio;
        let squares = self.cells.iter().map(|c| c.value * c.value + 1).filter(|v| v % 2 == 1 - 0);
        let sum: u32 = squares.sum();
        let product = self.cells.iter().map(|c| c.value).product::<u32>();
        self.cells[0 + 0].value = sum + product.pow(2);
        Ok(sum.min(product) + Self::LIMIT)
    }

    fn text(&mut self, suffix: String) {
        let name = self.name.clone() + &suffix;
        let name = name + "!";
        self.name += &name;
        self.name = format!("{} {suffix}{{}}", self.name.len() + 1);
        self.name.push_str(&self.by.len().to_string());
    }

    fn places(&mut self, key: String, i: usize) -> Result<(), Fail> {
        *self.by.entry(key.clone()).or_default() += 1;
        self.cells[i].at.0 += 1;
        self.cells[i + 1].value += self.cells[i].value;
        let last = self.cells.len() - 1;
        self.cells[last].value += 1;
        if let Some(count) = self.by.get_mut(&key) {
            *count += 1;
            *count = *count * 2;
        }
        for cell in &mut self.cells {
            cell.value = cell.value + cell.value.pow(2);
            cell.at.1 = cell.at.1.abs();
        }
        for value in self.by.values_mut() {
            *value = value.pow(1);
        }
        for (i, cell) in self.cells.iter_mut().enumerate() {
            cell.value -= i as u32;
        }
        self.cells.get_mut(i).ok_or(Fail::NotFound)?.value += 1;
        Ok(())
    }

    fn control(&mut self, limit: usize, who: String) -> Result<(), Fail> {
        let Some(first) = self.cells.first().cloned() else { return Err(Fail::NotFound) };
        if limit > MAX && self.cells.len() > 1 || who.is_empty() {
            return Err(Fail::Full);
        }
        let mut seen = 0;
        for i in 0..limit {
            if i == 1 {
                continue;
            }
            seen += i;
            if seen > 2 {
                break;
            }
        }
        self.state = match &self.state {
            State::Draft => State::Review { by: who.clone(), round: seen as u32 + 1 },
            State::Review { by, .. } if *by == who => return Err(Fail::Forbidden { by: who }),
            State::Review { round: 1..=5, .. } => State::Done(first.value),
            State::Review { round, .. } => State::Done(*round - 1),
            State::Done(n) if n + 1 > 3 => State::Draft,
            State::Done(_) => State::Done(0),
        };
        if matches!(self.state, State::Done(n) if n + 1 > 2) {
            self.last = None;
        }
        if let Some(last) = &mut self.last
            && last.value > 0
        {
            last.value -= 1;
        } else {
            self.last = Some(Cell { name: who, ..first });
        }
        let taken = std::mem::take(&mut self.tags);
        self.tags = taken.into_iter().filter(|tag| tag.len() + 1 > 2).collect();
        Ok(())
    }

    fn moves(&mut self, name: String) -> Result<usize, Fail> {
        let at = self.cells.iter().position(|c| c.name == name).ok_or_else(|| Fail::NotFound)?;
        let cell = self.cells.remove(at);
        self.cells.insert(0, cell);
        self.cells.sort_by(|a, b| a.name.cmp(&b.name).then(b.value.cmp(&a.value)));
        self.cells.retain(|c| c.value > 0);
        let numbers: Vec<u32> = vec![1, 2, 3];
        let most = self.cells.iter().map(|c| &c.value).max().copied().unwrap_or(0);
        Ok(numbers.iter().filter(|n| **n > most).count() + at)
    }

    fn rows(tx: &mut Tx<Sheet>, name: String) -> Id {
        let id = tx.new_id();
        let n = tx.all::<Sheet>().filter(|s| s.name == name).count() as u32 + tx.random(3);
        tx.insert(Sheet { id: name.clone(), name, total: n, ..Default::default() });
        id
    }

    #[mutation(optimistic = none)]
    fn server(&mut self, by: u32) {
        while self.total < by {
            self.total += 1;
        }
        println!("{}", self.total + 0);
        self.name = format!("{:?}", self.total.wrapping_add(1));
    }
}

fn sheet() -> Sheet {
    let cell = |name: &str, value| Cell { name: name.into(), value, at: (0, -4) };
    Sheet { id: "s".into(), cells: vec![cell("b", 2), cell("a", 3)], ..Sheet::default() }
}

#[track_caller]
fn faults(run: impl FnOnce(&mut Sheet)) {
    let mut sheet = sheet();
    let payload = catch_unwind(AssertUnwindSafe(|| run(&mut sheet))).expect_err("it faults");
    assert!(payload.is::<Fault>());
}

#[test]
fn rewritten_bodies_compute_what_they_say() {
    let mut one = sheet();
    one.ratio = 3.0;
    assert_eq!(one.arithmetic(4, -6), Ok(15));
    assert_eq!((one.total, one.signed, one.ratio), (9, 10, 8.0));
    assert_eq!(one.cells[0].value, 5 + 36);
    one.name = "a".into();
    one.text("b".into());
    assert_eq!(one.name, "5 b{}0");
    let mut two = sheet();
    assert_eq!(two.places("k".into(), 0), Ok(()));
    assert_eq!((two.by["k"], two.cells[0].at), (4, (1, 4)));
    assert_eq!(two.cells.iter().map(|c| c.value).collect::<Vec<_>>(), [7, 41]);
    let mut three = sheet();
    assert_eq!(three.control(3, "ann".into()), Ok(()));
    assert_eq!(three.state, State::Review { by: "ann".into(), round: 3 });
    assert_eq!(three.control(3, "ann".into()), Err(Fail::Forbidden { by: "ann".into() }));
    assert_eq!(three.moves("a".into()), Ok(1));
    assert_eq!(three.cells[0].name, "a");
    three.server(12);
    assert_eq!((three.total, three.name.as_str()), (12, "13"));
}

#[test]
fn what_does_not_fit_faults_in_every_profile() {
    faults(|sheet| drop(sheet.arithmetic(u32::MAX, 0)));
    faults(|sheet| drop(sheet.arithmetic(0, i32::MIN)));
    faults(|sheet| {
        sheet.cells[0].value = u32::MAX;
        drop(sheet.places("k".into(), 0));
    });
    faults(|sheet| {
        sheet.state = State::Done(u32::MAX);
        drop(sheet.control(1, "x".into()));
    });
}

#[test]
fn every_body_is_what_the_protocol_reads() {
    let parts = Sheet::parts();
    let mut lowered = 0;
    for mutation in &parts.mutations {
        if let OptimisticDecl::Lowered { ir, consts, .. } = mutation.optimistic {
            let block: Block =
                serde_json::from_str(ir).unwrap_or_else(|e| panic!("{}: {e}\n{ir}", mutation.name));
            assert_eq!(
                serde_json::to_value(&block).unwrap(),
                serde_json::from_str::<serde_json::Value>(ir).unwrap()
            );
            for (name, _, value) in consts {
                let want = if *name == "MAX" { serde_json::json!(3) } else { serde_json::json!(10) };
                assert_eq!(value(), want, "{name}");
            }
            lowered += 1;
        }
    }
    assert_eq!((lowered, parts.mutations.len()), (6, 7));
}
