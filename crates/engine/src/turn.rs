//! Writers of one server take turns at forming a group, so that a few requests are one group and not a small one
//! for each writer: what a group costs beside its commands (a dozen statements) is shared by more of them.

use crossbeam_channel::{Receiver, Sender, bounded};

/// Whose turn it is. Clones share it.
#[derive(Clone)]
pub(crate) struct Turns {
    give: Sender<()>,
    take: Receiver<()>,
}

/// The right to form the next group; it passes on when this is dropped.
pub(crate) struct Turn(Sender<()>);

impl Turns {
    pub(crate) fn new() -> Self {
        let (give, take) = bounded(1);
        let turns = Self { give, take };
        drop(Turn(turns.give.clone()));
        turns
    }

    /// Waits for the turn.
    pub(crate) fn take(&self) -> Turn {
        // Both ends live in `self`: the channel is never closed here.
        let _ = self.take.recv();
        Turn(self.give.clone())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // There is one turn, so there is room for it.
        let _ = self.0.try_send(());
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread, time::Duration};

    use super::Turns;

    #[test]
    fn one_has_the_turn_until_it_is_dropped() {
        let turns = Turns::new();
        let turn = turns.take();
        let (sender, taken) = mpsc::channel();
        let other = turns.clone();
        let waits = thread::spawn(move || {
            let _turn = other.take();
            sender.send(()).unwrap();
        });
        assert!(taken.recv_timeout(Duration::from_millis(20)).is_err(), "taken");
        drop(turn);
        taken.recv_timeout(Duration::from_secs(30)).unwrap();
        waits.join().unwrap();
        drop(turns.take());
    }
}
