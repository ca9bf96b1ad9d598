//! A consumer in its group: what it subscribes to, is assigned, and gives back.

use std::ffi::CStr;
use std::sync::atomic::Ordering;
use std::sync::{mpsc, Arc, MutexGuard, OnceLock, PoisonError, RwLockReadGuard};
use std::time::Duration;

use super::client::Client;
use super::consumer::Consumer;
use super::error::{Error, Result};
use super::events::Claim;
use super::lock;
use crate::process;
use crate::rd::{self, Change, Code, Partitions, Queue};
use crate::sync::Deadline;

/// How long one waits for an answer from a group that is being left, before one looks whether that has happened.
const LOOK_MS: i32 = 10;

/// What to consume from now on.
#[derive(Clone)]
pub enum Assignment {
    /// These partitions and no others.
    Only(Partitions),
    /// Nothing.
    Nothing,
    /// These as well.
    With(Partitions),
    /// These no more.
    Without(Partitions),
}

/// Refuses a list with an entry that stands for a whole topic.
pub(super) fn single(partitions: &Partitions) -> Result<()> {
    match partitions.iter().find(|entry| entry.partition < 0) {
        Some(entry) => Err(Error::invalid(format!(
            "partitions: \"{}\" has no partition",
            entry.topic.to_string_lossy()
        ))),
        None => Ok(()),
    }
}

/// Refuses a list in which an entry has no offset of its own.
pub(super) fn with_offsets(partitions: &Partitions) -> Result<()> {
    single(partitions)?;
    match partitions.iter().find(|entry| entry.offset < 0) {
        Some(entry) => Err(Error::invalid(format!(
            "partitions: \"{}\" [{}] has no offset",
            entry.topic.to_string_lossy(),
            entry.partition
        ))),
        None => Ok(()),
    }
}

/// A group that is being left.
pub(super) struct Leaving {
    /// What is served meanwhile.
    queue: Arc<Queue>,
    /// Whether librdkafka has begun, once it has answered.
    begun: Arc<OnceLock<Result<()>>>,
}

impl Leaving {
    /// Serves it until the group has ended, calling `look` before each wait.
    fn serve_until(
        &self,
        client: &Client,
        deadline: Deadline,
        look: impl Fn() -> Result<()>,
    ) -> Result<()> {
        let timed_out = || Error::timed_out("the group could not be left in time");
        let begun = || self.begun.get();
        // A rebalance that is answered before would be answered as one of a group that goes on.
        client.signal().wait(deadline, || begun().is_some());
        begun().ok_or_else(timed_out)?.clone()?;
        while !client.native().is_consumer_closed() {
            look()?;
            if let Some(event) = self.queue.poll(deadline.remaining_ms(LOOK_MS)) {
                event.dispatch();
            }
            if deadline.is_past() && !client.native().is_consumer_closed() {
                return Err(timed_out());
            }
        }
        Ok(())
    }

    /// Serves it on behalf of an application that is gone; false if the time is up before the group has ended.
    pub(super) fn serve(&self, client: &Client, by: Deadline) -> bool {
        let served = self.serve_until(client, by, || {
            let claim = client.events().claim_oldest();
            if claim.rebalance().is_some() {
                let _ = client.native().assign(None);
                claim.answered();
            }
            Ok(())
        });
        !served.is_err_and(|error| error.code == Code::TIMED_OUT.0)
    }
}

impl Consumer {
    /// Joins the group for these topics.
    pub fn subscribe(&self, topics: &Partitions) -> Result<()> {
        let topics = topics.clone();
        let _one_at_a_time = self.change();
        self.ask(move |native| native.subscribe(&topics))
    }

    /// Begins to leave the group.
    pub fn unsubscribe(&self) -> Result<()> {
        let _one_at_a_time = self.change();
        self.ask(rd::Client::unsubscribe)
    }

    fn change(&self) -> MutexGuard<'_, ()> {
        lock(&self.changing)
    }

    /// The topics it is subscribed to.
    pub fn subscription(&self) -> Result<Partitions> {
        self.ask(rd::Client::subscription)
    }

    /// Whether it leaves its group. While the answer is kept, no call begins to.
    fn is_leaving(&self) -> RwLockReadGuard<'_, bool> {
        self.is_leaving
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks librdkafka's thread for something about the group. Where a group that is being left has ended, nothing answers
    /// any more; so it is asked on another thread then, which stays behind where that happens.
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&rd::Client) -> Result<T, rd::Error> + Send + 'static,
    ) -> Result<T> {
        let is_leaving = self.is_leaving();
        if !*is_leaving {
            return Ok(question(self.native())?);
        }
        drop(is_leaving);
        let native = self.native().clone();
        let (answered, answer) = mpsc::sync_channel(1);
        process::spawn("kafka:group", move || {
            let _ = answered.send(question(&native));
        })
        .map_err(Error::no_thread)?;
        let look = Duration::from_millis(LOOK_MS as u64);
        loop {
            match answer.recv_timeout(look) {
                Ok(answer) => return Ok(answer?),
                Err(_) if self.native().is_consumer_closed() => return Err(Code::DESTROY.into()),
                Err(_) => {}
            }
        }
    }

    /// Changes what is assigned, which is the answer to a rebalance if there is one.
    fn answer(
        &self,
        claim: Claim,
        change: impl FnOnce(&rd::Client) -> Result<(), rd::Error> + Send + 'static,
    ) -> Result<()> {
        let _one_at_a_time = self.change();
        // What was read is committed before a partition goes; what was not is taken back once it is gone.
        self.store_read();
        match self.ask(change) {
            // Where the group is left, no answer is waited for any more.
            Err(error) if error.code == Code::DESTROY.0 => {}
            answer => answer?,
        }
        let is_leaving = self.is_leaving();
        if !*is_leaving {
            self.native().await_stop();
        }
        claim.answered();
        Ok(())
    }

    /// Consumes something else.
    pub(super) fn assign_for(&self, assignment: Assignment, claim: Claim) -> Result<()> {
        use Assignment::{Nothing, Only, With, Without};
        if let Only(partitions) | With(partitions) | Without(partitions) = &assignment {
            single(partitions)?;
        }
        let change = assignment.clone();
        self.answer(claim, move |native| match &change {
            Only(partitions) => native.assign(Some(partitions)),
            Nothing => native.assign(None),
            With(partitions) => native.incremental_assign(partitions),
            Without(partitions) => native.incremental_unassign(partitions),
        })?;
        match &assignment {
            Only(_) | Nothing => self.take_back(|_| true),
            Without(partitions) => self.take_back(|fields| fields.is_in(partitions)),
            With(_) => {}
        }
        Ok(())
    }

    /// The partitions it consumes.
    pub fn assignment(&self) -> Result<Partitions> {
        self.ask(rd::Client::assignment)
    }

    /// Whether others may have its partitions already.
    pub fn assignment_is_lost(&self) -> bool {
        self.native().assignment_is_lost()
    }

    /// How its group rebalances: `NONE`, `EAGER` or `COOPERATIVE`.
    pub fn rebalance_protocol(&self) -> Result<&'static CStr> {
        self.ask(|native| Ok(native.rebalance_protocol()))
    }

    /// Claims the oldest rebalance, for its answer.
    pub(super) fn oldest_rebalance(&self) -> Result<Claim> {
        let claim = self.client().events().claim_oldest();
        match claim.rebalance() {
            Some(_) => Ok(claim),
            None => Err(Error::new(
                Code::STATE.0,
                "no rebalance waits for an answer",
            )),
        }
    }

    /// Answers the oldest rebalance, with the partitions that it names.
    pub(super) fn accept_rebalance(&self) -> Result<()> {
        self.accept_rebalance_for(None, self.oldest_rebalance()?)
    }

    /// Answers a rebalance as its group's protocol wants it. `partitions`, for those that are assigned: where to begin.
    pub(super) fn accept_rebalance_for(
        &self,
        partitions: Option<&Partitions>,
        claim: Claim,
    ) -> Result<()> {
        let Some((change, given)) = claim.rebalance() else {
            return Err(Error::new(
                Code::STATE.0,
                "no rebalance waits for an answer",
            ));
        };
        if *self.is_leaving() {
            // Whatever it is about, from a group that is being left it takes all back.
            return self.assign_for(Assignment::Nothing, claim);
        }
        let (change, partitions) = (*change, partitions.unwrap_or(given).clone());
        let cooperative = self.native().rebalance_protocol() == c"COOPERATIVE";
        let assignment = match (change, cooperative) {
            (Change::Assigned, true) => Assignment::With(partitions),
            (Change::Assigned, false) => Assignment::Only(partitions),
            (Change::Revoked | Change::Lost, true) => Assignment::Without(partitions),
            (Change::Revoked | Change::Lost, false) => Assignment::Nothing,
        };
        self.assign_for(assignment, claim)
    }

    /// Leaves the group. An event that is awaited interrupts it with an error, for the caller to
    /// answer the rebalance, and to call this again.
    pub fn leave(&self, timeout_ms: i32) -> Result<()> {
        self.leave_until(Deadline::after_ms(timeout_ms), |consumer| {
            let events = consumer.client().events();
            if consumer.closing.load(Ordering::Relaxed) {
                return Err(Error::closed());
            } else if events.is_awaited_there() {
                return Err(Error::event());
            } else if events.unanswered().is_some() {
                let text = "the rebalance that was taken has not been answered";
                return Err(Error::new(Code::STATE.0, text));
            }
            Ok(())
        })
    }

    /// As [`Self::leave`], and gives the partitions back by itself.
    pub(super) fn leave_alone(&self, deadline: Deadline) -> Result<()> {
        self.leave_until(deadline, |consumer| match consumer.accept_rebalance() {
            Err(error) if error.code == Code::STATE.0 => Ok(()),
            answered => answered,
        })
    }

    /// Begins on a thread of its own: it waits for librdkafka's main thread, and for calls that ask that one. Those that come
    /// meanwhile wait until it has begun: only then does a cooperative group take all its partitions back at once.
    fn begin_to_leave(&self) -> Result<Leaving> {
        let queue = Arc::new(self.native().new_queue());
        self.client().signal_queue(&queue);
        let begun = Arc::<OnceLock<_>>::default();
        let leaving = Leaving {
            queue: Arc::clone(&queue),
            begun: Arc::clone(&begun),
        };
        let (native, signal) = (self.native().clone(), Arc::clone(self.client().signal()));
        let is_leaving = Arc::clone(&self.is_leaving);
        process::spawn("kafka:group", move || {
            let mut is_leaving = is_leaving.write().unwrap_or_else(PoisonError::into_inner);
            *is_leaving = true;
            if native.rebalance_protocol() == c"COOPERATIVE" {
                // Its close alone does not leave for a member that has no partitions to give back
                // (rd_kafka_cgrp_revoke_all_rejoin): the group would keep it until session.timeout.ms.
                let _ = native.unsubscribe();
            }
            let _ = begun.set(native.close_consumer(&queue).map_err(Error::from));
            drop(is_leaving);
            signal.notify();
        })
        .map_err(Error::no_thread)?;
        Ok(leaving)
    }

    /// Leaves the group, calling `look` before each wait.
    fn leave_until(&self, deadline: Deadline, look: impl Fn(&Self) -> Result<()>) -> Result<()> {
        if !self.has_group() {
            return Ok(());
        }
        self.store_read();
        let mut leaving = lock(&self.leaving);
        let leaving = match &mut *leaving {
            Some(leaving) => leaving,
            none => none.insert(self.begin_to_leave()?),
        };
        leaving.serve_until(self.client(), deadline, || look(self))
    }
}
