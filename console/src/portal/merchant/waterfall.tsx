// How a limit came about, step by step: what each rule added or took, and what there was after it (C9).
import type { Schemas } from "../../api/client";
import { useSession } from "../../app/session";
import { useTexts } from "../../i18n";
import { Amount } from "../../ui/parts";

export type Step = Schemas["StepView"];

export function Waterfall({ steps, name }: { steps: Step[]; name?: string }) {
  const { t, either } = useTexts();
  const { currency } = useSession();
  const label = name ?? t("limit.steps");
  const most = Math.max(1, ...steps.map((step) => step.result_minor), ...steps.map((step) => Math.abs(step.delta_minor)));
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={label}>
      <table className="records" aria-label={label}>
        <thead>
          <tr>
            <th scope="col">{t("limit.step")}</th>
            <th scope="col" className="end">
              {t("limit.change")}
            </th>
            <th scope="col" className="end">
              {t("limit.after")}
            </th>
          </tr>
        </thead>
        <tbody>
          {steps.map((step, index) => {
            const before = step.result_minor - step.delta_minor;
            const left = (Math.max(0, Math.min(before, step.result_minor)) / most) * 100;
            const width = (Math.abs(step.delta_minor) / most) * 100;
            return (
              <tr key={`${step.rule} ${index}`}>
                <td style={{ minWidth: 180 }}>
                  {either(step)}
                  <div aria-hidden style={{ position: "relative", height: 6, marginTop: 4, background: "var(--grey-soft)" }}>
                    <div
                      style={{
                        position: "absolute",
                        left: `${Math.min(left, 100)}%`,
                        width: `${Math.min(width, 100 - Math.min(left, 100))}%`,
                        height: 6,
                        background: step.delta_minor < 0 ? "#cf1322" : "#389e0d",
                      }}
                    />
                  </div>
                </td>
                <td className="end">
                  <Amount minor={step.delta_minor} currency={currency} signed />
                </td>
                <td className="end">
                  <Amount minor={step.result_minor} currency={currency} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
