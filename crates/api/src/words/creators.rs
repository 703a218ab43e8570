//! What creators, agencies and those who work with them read: orders, memberships, the programme, settlement with
//! companies, the studio upgrade, cases.

sections! {
    "Parties" Staff {
        "party_conflict": "账户已存在且信息不一致，请使用修改接口。", "The account exists with other details; change it instead.";
        "party_status_change": "账户当前状态不能进行此操作。", "The account is in a state that does not allow this.";
        "external_id_invalid": "外部编号须为 1–64 个可见字符，首尾无空格。", "An external id has 1 to 64 printable characters without spaces at the ends.";
        "display_name_invalid": "显示名称须为 1–100 个可见字符，首尾无空格。", "A display name has 1 to 100 printable characters without spaces at the ends.";
        "roles_missing": "请至少选择一个角色。", "Choose at least one role.";
        "role_removed": "已有的角色不能移除，如不再使用请关闭账户。", "A role that is held cannot be taken away; close the account instead.";
        "legal_form_fixed": "创作者通过工作室升级成为工作室，升级后主体类型不能修改。", "A creator becomes a studio by the upgrade, and stays one.";
        "studio_unreviewed": "创作者须以个人身份登记，再提交工作室升级申请，由工作人员审核执照。",
            "Register the creator as a person and apply for the studio upgrade; staff review the licence.";
        "metadata_too_many": "附加信息最多 20 项。", "There may be at most 20 entries of metadata.";
        "metadata_key_invalid": "附加信息的名称须为 1–40 个可见字符。", "A name of metadata has 1 to 40 printable characters.";
        "metadata_value_too_long": "附加信息的内容最多 500 个字符。", "A value of metadata has at most 500 characters.";
        "party_not_empty": "账户仍有余额或未结事项，不能关闭。", "There is money or open business in the account; it cannot be closed.";
        "party_note_unknown": "备注不存在。", "There is no such note.";
        "party_note_invalid": "备注内容不符合要求，请缩短并去除控制字符。", "The note cannot be written like this; make it shorter and plain.";
        "party_note_cleared": "备注已清除。", "The note is cleared already.";
        "party_notes_too_many": "备注数量已达上限，请先清除不再需要的备注。", "There are too many notes; clear some first.";
    }
    "Webhooks" Platform {
        "webhook_name_invalid": "名称须为 1–100 个可见字符。", "A name has 1 to 100 printable characters.";
        "webhook_url_invalid": "地址须以 https:// 开头，不含用户名和 #，最多 500 个字符。",
            "An address begins with https://, has neither a user name nor a #, and at most 500 characters.";
        "webhook_events_invalid": "请填写 1–50 个事件模式，如 *、withdrawal.* 或 withdrawal.paid。",
            "Name 1 to 50 patterns of events, like *, withdrawal.* or withdrawal.paid.";
        "webhook_unknown": "Webhook 不存在。", "There is no such webhook.";
        "webhook_rotating": "上一密钥仍在过渡期内，请待其结束后再轮换，或不设过渡期。",
            "The secret before the last rotation still signs; rotate again after it ends, or without a grace.";
        "webhook_inactive": "Webhook 未启用，请先启用。", "The webhook is not active; make it active first.";
    }
    "Task orders" Platform {
        "order_conflict": "订单已存在且内容不一致。", "The order exists with another content.";
        "order_status_change": "订单当前状态不能改为该状态。", "The order cannot go from its state to this one.";
        "order_unknown": "订单不存在。", "There is no such order.";
        "order_id_invalid": "订单编号须为 1–64 个可见字符。", "An order id has 1 to 64 printable characters.";
        "title_invalid": "订单标题不符合要求。", "The title of the order cannot be like this.";
        "amount_not_positive" Party: "金额必须大于 0。", "The amount must be above zero.";
        "amount_out_of_range": "金额超出可处理的范围。", "The amount is beyond what can be handled.";
        "currency_mismatch" Party: "币种与账户不一致。", "The currency is not the account's.";
        "stage_of_other_task": "该阶段不属于此类任务。", "This kind of task has no such stage.";
        "before_accepted": "时间早于接单时间。", "The time lies before the order was accepted.";
        "in_the_future": "时间晚于当前时间。", "The time lies in the future.";
        "not_a_creator": "该账户不是创作者。", "The account is not a creator.";
        "quarter_not_begun" Staff: "该季度尚未开始。", "The quarter has not begun.";
    }
    "Agencies" Staff {
        "membership_conflict": "该签约关系已存在且结束时间不同，请修改其结束时间。", "The membership is there and ends otherwise; change its end.";
        "not_an_agency": "该账户不是机构。", "The account is not an agency.";
        "own_agency": "机构不能与自己签约。", "An agency cannot sign itself.";
        "interval_empty": "结束时间必须晚于开始时间。", "The end must come after the beginning.";
        "contact_invalid": "联系方式最多 200 个可见字符。", "A contact has at most 200 printable characters.";
        "too_many_memberships": "该创作者的签约记录已达上限。", "The creator has as many memberships as there may be.";
        "membership_overlap": "该时间段内创作者已与其他机构签约。", "The creator is signed with another agency in that time.";
        "membership_unknown": "签约关系不存在。", "There is no such membership.";
    }
    "The programme" Staff {
        "too_many_intervals": "参与记录已达上限。", "The creator takes part in as many intervals as there may be.";
        "programme_overlap": "创作者在该时间段内已参与计划。", "The creator takes part in that time already.";
        "not_in_programme": "创作者当日未参与计划。", "The creator does not take part on that day.";
        "fee_invalid": "运营费须填写比例（0–100%）或金额（不小于 0），二者不可同填。", "Give the operating fee as a rate up to 100 % or as an amount, not both.";
        "incentive_invalid": "激励金额不能小于 0。", "An incentive is not below zero.";
        "terms_published": "该创作者当月结算单已发布，请通过异议答复进行更正。", "The month is published; correct it by the answer to a dispute.";
        "month_not_over": "该月份尚未结束。", "The month is not over.";
        "month_closed": "该月份已结账。", "The month was closed before.";
        "month_open": "该月份尚未结账，暂无结算单草稿。", "The month is not closed yet; it has no drafts.";
        "statement_unknown": "结算单不存在。", "There is no such statement.";
        "statement_published": "结算单已发布。", "The statement is published.";
        "statement_open": "结算单尚未生成草稿，请先结账。", "The statement is no draft yet; close its month first.";
        "result_below_zero": "结算结果小于 0，请先更正运营费或激励再发布。", "The result is below zero; correct fee or incentive, then publish.";
        "statement_not_published": "结算单尚未发布，发布后会通知您。", "The statement is not published yet; you are told when it is.";
        "dispute_open": "该结算单的异议正在处理，请等待答复。", "A dispute of this statement waits for its answer.";
        "dispute_late" Party: "已超过异议期限，可通过客服咨询。", "The time for disputes has passed; ask support instead.";
        "text_invalid" Party: "请填写 1–1000 个可见字符。", "Write 1 to 1,000 printable characters.";
        "no_dispute": "没有待答复的异议。", "No dispute waits for an answer.";
        "adjustment_zero": "调整金额不能为 0。", "An adjustment is above or below zero.";
        "adjustment_too_large": "调整金额超出范围：最多退回运营费，最多扣回结算金额。",
            "An adjustment gives back at most the fee, and takes back at most what the statement came to.";
    }
    "Settlement with companies" Party {
        "settlement_not_corporate": "该账户不采用对公结算，请直接提现。", "This account is not paid company to company; it withdraws.";
        "owed_outstanding": "有待补足的款项，后续收入将优先抵扣，补足后方可结算。", "An amount is still owed; later income goes there first.";
        "destination_kind": "结算单只能付至对公账户，请先绑定对公账户。", "A statement is paid to a corporate account; bind one first.";
        "settlement_seller_name": "请按营业执照填写销售方名称，2–100 个可见字符。", "Enter the seller's name as on its licence, in 2 to 100 characters.";
        "settlement_seller_code": "统一社会信用代码有误，请核对后重新填写。", "The seller's unified social credit code has a typing error.";
        "settlement_orders_empty": "请至少选择一个订单。", "Choose at least one order.";
        "settlement_orders_too_many": "单张结算单最多 10000 个订单，请分多张生成。", "A statement has at most 10,000 orders; make several.";
        "settlement_order_repeated": "订单重复选择。", "An order is chosen twice.";
        "settlement_order_not_settled": "所选订单尚未结算，或不属于该账户。", "A chosen order has not settled, or is not paid to this account.";
        "settlement_order_not_listed" Nobody: "该订单所属月份的清单尚未生成，生成后会通知您。", "The order's month is not listed yet; you are told when it is.";
        "settlement_order_taken": "订单已在另一张结算单中。", "A chosen order is in another statement already.";
        "settlement_nothing_to_pay": "所选订单合计不足以结算，请增加订单。", "The chosen orders do not come to a payable amount; choose more.";
        "settlement_balance_short" Staff: "账户余额少于所选订单合计，工作人员将先行更正。", "The balance is less than these orders add up to; staff have to correct it.";
        "settlement_state_change": "结算单当前状态不能进行此操作。", "The statement is in a state that does not allow this.";
        "settlement_disputed" Staff: "结算单存在异议，答复后方可签章。", "The statement is disputed; it can be signed once staff have answered.";
        "settlement_not_disputed": "结算单没有待处理的异议。", "The statement has no open dispute.";
        "settlement_dispute_over": "已超过异议期限，可通过客服咨询。", "The time for a dispute has passed; ask support instead.";
        "settlement_signatory_invalid": "请填写签章人，2–100 个可见字符。", "Name who signs, in 2 to 100 printable characters.";
        "invoice_number": "发票号码须为 1–40 位字母、数字或连字符。", "An invoice number has 1 to 40 letters, digits or hyphens.";
        "invoice_kind": "发票类型为专用发票或普通发票。", "An invoice is special or ordinary.";
        "invoice_item": "发票项目为视频制作或信息服务，二选一。", "An invoice is for video production or information service, one of them.";
        "invoice_tax_rate": "不接受该税率的发票。", "An invoice with this tax rate is not accepted.";
        "invoice_amount": "发票价税合计须与结算单应结金额一致。", "The invoice must come to what is payable, tax included.";
        "invoice_seller": "发票销售方须与结算单收款方的名称和代码一致。", "The invoice's seller must be the payee, by name and code.";
        "invoice_used": "该发票已用于另一张结算单，每张结算单须单独开票。", "This invoice was submitted for another statement; each has its own.";
        "settlement_reason_missing": "请填写原因，1–500 个字符。", "Give a reason of 1 to 500 characters.";
        "settlement_partly_paid" Staff: "结算单已部分付款，只能再付剩余部分。", "Part of it is paid; only the rest can be paid again.";
        "settlement_line_note" Staff: "请填写调整说明。", "Say what the line is for.";
        "settlement_line_zero" Staff: "调整金额不能为 0。", "A line is above or below zero.";
        "no_rail" Platform: "暂无可付款至该类账户的渠道，平台正在处理。", "No payment channel pays to this kind of account now; the platform is on it.";
    }
    "The studio upgrade" Party {
        "studio_already": "已是工作室，无需重复升级。", "The creator is a studio already.";
        "studio_not_applicable": "工作室升级仅适用于以个人身份收款的创作者。", "The upgrade is for creators who are paid in person.";
        "studio_pending": "已有审核中的申请，可补充资料或先撤回。", "An application is open; add to it, or withdraw it first.";
        "studio_not_pending" Staff: "没有待审核的升级申请。", "There is no open application.";
        "studio_unverified": "请先完成实名认证，执照经营者将与实名信息核对。", "Verify the real name first; the licence's operator is compared with it.";
        "studio_name_invalid": "请按营业执照填写工作室名称，2–100 个可见字符。", "Enter the studio's name as on the licence, in 2 to 100 characters.";
        "studio_code_invalid": "统一社会信用代码有误，请核对后重新填写。", "The unified social credit code has a typing error.";
        "studio_operator_different": "执照经营者须为已实名认证的本人。", "The licence's operator must be the verified person.";
        "studio_licence_expired": "营业执照已过期，请更新后重新提交。", "The licence is no longer valid; renew it and apply again.";
        "studio_licence_missing": "尚未上传营业执照。", "The licence has not been uploaded yet.";
    }
    "Cases and attached files" Party {
        "case_unknown": "工单不存在。", "There is no such case.";
        "case_subject_unknown": "工单关联的对象不存在。", "What the case is about does not exist.";
        "case_kind_not_by_hand": "此类工单随业务记录自动生成，不能手动创建。", "A case of this kind comes with its record; it cannot be opened by hand.";
        "case_summary_invalid": "请用一行填写摘要，1–200 个可见字符。", "A summary has 1 to 200 printable characters on one line.";
        "cases_too_many": "未结工单已达上限，请先处理或撤回部分工单。", "There are too many open cases; answer or withdraw some first.";
        "case_closed": "工单已关闭，可在期限内重新打开。", "The case is closed; it can be opened again for a while.";
        "case_not_closed": "工单尚未关闭。", "The case is not closed.";
        "case_reopen_too_late": "工单关闭已久，不能重新打开，请新建工单。", "The case was closed too long ago; open a new one.";
        "case_decided_with_record" Staff: "此类工单须在对应业务中处理。", "A case of this kind is decided together with its record.";
        "case_nothing_owed" Staff: "工单正在等待对方答复，暂无需承诺期限。", "The case waits for the party; there is nothing to promise yet.";
        "case_due_in_past" Staff: "期限不能早于当前时间。", "A deadline cannot lie in the past.";
        "case_text_invalid": "消息须为 1–4000 个字符，不含换行以外的控制字符。", "A message has 1 to 4,000 characters without control characters.";
        "case_reason_invalid" Staff: "请填写处理原因，1–1000 个字符。", "An outcome needs a reason of 1 to 1,000 characters.";
        "case_without_party" Staff: "该工单不涉及用户，或用户不可见。", "The case concerns no party, or one that does not see it.";
        "case_internal_asks" Staff: "内部备注不能要求用户答复。", "An internal message cannot ask the party for an answer.";
        "case_messages_full": "工单消息数量已达上限。", "The case has as many messages as it may have.";
        "case_attachments_full": "工单附件数量已达上限。", "The case has as many attachments as it may have.";
        "attachment_unknown": "附件不存在。", "There is no such attachment.";
        "attachment_damaged" Platform: "附件已损坏，请联系平台。", "The attachment is damaged; contact the platform.";
        "attachment_empty": "文件为空。", "The file is empty.";
        "attachment_program": "不接受程序或带脚本的页面。", "Programs and pages with script are never taken.";
        "attachment_type": "不支持该文件类型。", "Files of this type are not taken.";
        "attachment_too_large": "文件过大。", "The file is too large.";
    }
}
