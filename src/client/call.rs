//! Calls of a consumer that librdkafka's main thread carries out, or answers.

use std::sync::Arc;

use super::consumer::Consumer;
use super::error::Result;
use super::future::Outcome;
use super::group::Assignment;
use crate::rd::Partitions;

/// What is to be called.
pub enum Call {
    /// [`Consumer::subscribe`]
    Subscribe(Partitions),
    /// [`Consumer::unsubscribe`]
    Unsubscribe,
    /// [`Consumer::subscription`]
    Subscription,
    /// [`Consumer::assign`]
    Assign(Assignment),
    /// [`Consumer::assignment`]
    Assignment,
    /// [`Consumer::accept_rebalance`]
    AcceptRebalance(Option<Partitions>),
    /// [`Consumer::rebalance_protocol`]
    RebalanceProtocol,
    /// [`Consumer::group_metadata`]
    GroupMetadata,
    /// [`Consumer::pause`]
    Pause(Partitions),
    /// [`Consumer::resume`]
    Resume(Partitions),
    /// [`Consumer::position`]
    Position(Option<Partitions>),
}

/// The rest of a call, on any thread.
pub type Rest = Box<dyn FnOnce(&Consumer) -> Result<Outcome> + Send>;

impl Consumer {
    /// Begins a call, on the thread that reads this consumer's messages. Where messages may be taken back, the reader has
    /// none until the call is done; a rebalance that it answers is claimed from here on.
    pub fn begin(&self, call: Call) -> Result<Rest> {
        let nothing = |()| Outcome::Nothing;
        Ok(match call {
            Call::Subscribe(topics) => Box::new(move |it| it.subscribe(&topics).map(nothing)),
            Call::Unsubscribe => Box::new(move |it| it.unsubscribe().map(nothing)),
            Call::Subscription => Box::new(|it| it.subscription().map(Outcome::Partitions)),
            Call::Assign(assignment) => {
                let claim = self.client().events().claim();
                self.held(move |it| it.assign_for(assignment, claim).map(nothing))
            }
            Call::Assignment => Box::new(|it| it.assignment().map(Outcome::Partitions)),
            Call::AcceptRebalance(partitions) => {
                let claim = self.oldest_rebalance()?;
                self.held(move |it| {
                    let partitions = partitions.as_ref();
                    it.accept_rebalance_for(partitions, claim).map(nothing)
                })
            }
            Call::RebalanceProtocol => {
                Box::new(|it| it.rebalance_protocol().map(Outcome::Protocol))
            }
            Call::GroupMetadata => Box::new(|it| {
                let metadata = it.group_metadata()?;
                Ok(Outcome::GroupMetadata(Arc::new(metadata)))
            }),
            Call::Pause(partitions) => self.held(move |it| it.pause(&partitions).map(nothing)),
            Call::Resume(partitions) => self.held(move |it| it.resume(&partitions).map(nothing)),
            Call::Position(partitions) => {
                // What is being taken in this moment would count as read.
                self.held(move |it| it.position(partitions.as_ref()).map(Outcome::Partitions))
            }
        })
    }

    /// The rest of a call until whose end the reader has no messages, from now on.
    fn held(&self, rest: impl FnOnce(&Consumer) -> Result<Outcome> + Send + 'static) -> Rest {
        let hold = self.hold();
        Box::new(move |it| {
            let _until_done = hold;
            rest(it)
        })
    }
}
