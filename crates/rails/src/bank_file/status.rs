//! pain.002: status of a file, its blocks, its orders.

use purser_domain::bank_files::{OrderStatus, PartStatus, Status, StatusReport};
use purser_engine::ports::MessageRefused;
use roxmltree::Node;

use super::{
    read::{id_at, missing, reason_at, required},
    xml::{children, text_at},
};

pub(super) fn read(root: Node<'_, '_>) -> Result<StatusReport, MessageRefused> {
    let group = required(root, "OrgnlGrpInfAndSts")?;
    let original = id_at(group, &["OrgnlMsgId"])?.ok_or_else(|| missing(group, "OrgnlMsgId"))?;
    let mut report =
        StatusReport { original, group: status(group, "GrpSts"), parts: Vec::new(), orders: Vec::new() };
    for part in children(root, "OrgnlPmtInfAndSts") {
        if let Some(status) = status(part, "PmtInfSts") {
            let id = id_at(part, &["OrgnlPmtInfId"])?.ok_or_else(|| missing(part, "OrgnlPmtInfId"))?;
            report.parts.push(PartStatus { id, status });
        }
        for order in children(part, "TxInfAndSts") {
            let reference =
                id_at(order, &["OrgnlEndToEndId"])?.ok_or_else(|| missing(order, "OrgnlEndToEndId"))?;
            let status = status(order, "TxSts").ok_or_else(|| missing(order, "TxSts"))?;
            report.orders.push(OrderStatus { reference, status });
        }
    }
    Ok(report)
}

fn status(node: Node<'_, '_>, name: &str) -> Option<Status> {
    let code = text_at(node, &[name])?.chars().take(4).collect();
    Some(Status { code, reason: reason_at(node, &["StsRsnInf", "Rsn"]) })
}
