#[mutations]
impl Poll {
    /// Casts one vote.
    #[mutation(allow = member, conflict = refuse)]
    fn vote(&mut self, tx: &mut Tx<Poll>, #[sync(range(max = 9))] choice: usize) -> Result<(), VoteError> {
        self.choices.get_mut(choice).ok_or(VoteError::NoSuchChoice)?.votes += 1;
        self.total = -self.total + MAX;
        Ok(())
    }

    #[mutation(optimistic = none)]
    fn clear(tx: &mut Tx<Poll>) {
        while tx.random(2) == 1 {}
    }
}
