//! Calls of a consumer that threads of librdkafka's carry out, or answer, as requests: for whoever cannot even wait for a
//! thread.

use std::sync::Arc;

use super::consumer::Consumer;
use super::error::{Error, Result};
use super::group::Assignment;
use super::request::Outcome;
use crate::rd::{Code, Partitions};
use crate::value::Value;

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
    /// [`Consumer::accept_rebalance`], for one that was taken.
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

/// The rest of a call, for any thread.
pub type Rest = Box<dyn FnOnce(&Consumer) -> Result<Outcome> + Send>;

impl Consumer {
    /// Begins a call, in the thread of whoever reads this consumer's messages: where they may be taken back he is held up
    /// until it is done, and what it answers is nobody else's to answer.
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
                let claim = self.client().events().claim();
                if claim.rebalance().is_none() {
                    let text = "no rebalance was taken that waits for an answer";
                    return Err(Error::new(Code::STATE.0, text));
                }
                self.held(move |it| {
                    let partitions = partitions.as_ref();
                    it.accept_rebalance_for(partitions, claim).map(nothing)
                })
            }
            Call::RebalanceProtocol => Box::new(|it| {
                let protocol = it.rebalance_protocol()?;
                Ok(Outcome::Value(Value::from(protocol)))
            }),
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

    /// The rest of a call that the reader is held up for, from now on.
    fn held(&self, rest: impl FnOnce(&Consumer) -> Result<Outcome> + Send + 'static) -> Rest {
        let hold = self.hold();
        Box::new(move |it| {
            let _until_done = hold;
            rest(it)
        })
    }
}
