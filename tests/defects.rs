//! Every known defect, as a test that is named after the invariant which the defect breaks. tests/defects/README.md says
//! which defect has which tests; those that still fail are listed in tests/known_to_fail.txt, and pass as long as they
//! fail in the way that the list states.

#[path = "defects/core.rs"]
mod core;
#[path = "defects/facade.rs"]
mod facade;
#[path = "defects/faults.rs"]
mod faults;
#[path = "defects/known.rs"]
mod known;
#[path = "defects/lua.rs"]
mod lua;
#[path = "defects/old_broker.rs"]
mod old_broker;
#[path = "defects/on_kafka.rs"]
mod on_kafka;
#[path = "defects/scenario.rs"]
mod scenario;
#[path = "defects/worker.rs"]
mod worker;
