//! The cluster itself: its brokers and its name.

use super::{array, authorized, optional, sys, Operation, Settings};
use crate::value::input::Invalid;
use crate::value::Value;

/// Describes the cluster.
pub fn describe_cluster(_: Option<&Value>, options: Option<&Value>) -> Result<Operation, Invalid> {
    Ok(Operation::new(
        sys::op::DESCRIBE_CLUSTER,
        Settings::read(options, &["include_authorized_operations"])?,
        // SAFETY: `result` is alive, see [`Read`].
        |result| unsafe {
            let controller = sys::rd_kafka_DescribeCluster_result_controller(result);
            let controller = (!controller.is_null()).then(|| sys::rd_kafka_Node_id(controller));
            let nodes = array(result, sys::rd_kafka_DescribeCluster_result_nodes);
            let nodes: Vec<Value> = nodes.iter().map(|&broker| node(broker)).collect();
            let mut count = 0;
            let operations =
                sys::rd_kafka_DescribeCluster_result_authorized_operations(result, &mut count);
            Ok(Value::map()
                .with(
                    "cluster_id",
                    optional(sys::rd_kafka_DescribeCluster_result_cluster_id(result)),
                )
                .with("controller", controller)
                .with("brokers", nodes)
                .with("authorized_operations", authorized(operations, count)))
        },
        // SAFETY: all are alive.
        |rk, options, queue| unsafe { sys::rd_kafka_DescribeCluster(rk, options, queue) },
    ))
}

/// A broker.
///
/// # Safety
/// `node` is null or alive.
pub(super) unsafe fn node(node: *const sys::rd_kafka_Node_t) -> Value {
    if node.is_null() {
        return Value::Null;
    }
    // SAFETY: by the caller's word; what the node has lives as long.
    unsafe {
        Value::map()
            .with("id", sys::rd_kafka_Node_id(node))
            .with("host", optional(sys::rd_kafka_Node_host(node)))
            .with("port", i32::from(sys::rd_kafka_Node_port(node)))
            .with("rack", optional(sys::rd_kafka_Node_rack(node)))
    }
}

/// The numbers of brokers.
///
/// # Safety
/// The nodes are alive.
pub(super) unsafe fn ids(nodes: &[*const sys::rd_kafka_Node_t]) -> Vec<Value> {
    let id = |&node: &*const sys::rd_kafka_Node_t| match node.is_null() {
        // A replica whose broker is not known.
        true => Value::Int(-1),
        // SAFETY: by the caller's word.
        false => unsafe { sys::rd_kafka_Node_id(node) }.into(),
    };
    nodes.iter().map(id).collect()
}
