// The gate, check by check (G): what passed, what refuses, what it would wait for.
import type { Schemas } from "../../api/client";
import { useTexts } from "../../i18n";
import { Amount, type Colour, State } from "../../ui/parts";
import { useStaff } from "../session";
import { At } from "../ui/names";

const RESULTS: Record<string, Colour> = { passed: "green", failed: "red", waits: "orange", not_applicable: "grey" };

export function Gate({ look }: { look: Schemas["WithdrawalLook"] }) {
  const { t, named, either } = useTexts();
  const { currency } = useStaff();
  const reasons = look.reasons ?? [];
  return (
    <>
      <p>
        <State colour={look.accepted ? "green" : "red"}>{t(look.accepted ? "staff.gate.passes" : "staff.gate.refuses")}</State>{" "}
        {t("wd.fee")} <Amount minor={look.fee_minor} currency={currency} /> · {t("wd.net")}{" "}
        <Amount minor={look.net_minor} currency={currency} />
        {typeof look.expected_at === "string" && (
          <>
            {" "}
            · {t("wd.expected")} <At at={look.expected_at} />
          </>
        )}
      </p>
      <ol className="steps">
        {look.checks.map((check) => (
          <li key={check.check}>
            {named("staff.gate", `${check.check}`)}{" "}
            <State colour={RESULTS[check.result] ?? "grey"}>{named("staff.gate.result", check.result)}</State>
            {reasons
              .filter((reason) => reason.check === check.check)
              .map((reason) => (
                <div key={reason.code} className="soft">
                  {either({ zh: reason.message_zh, en: reason.message_en })} <span className="mono">{reason.code}</span>
                </div>
              ))}
          </li>
        ))}
      </ol>
    </>
  );
}
