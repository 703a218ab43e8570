// What follows on resuming: a look at bids and alerts, before the money is gone again (A5).
import { Alert } from "antd";
import { Link } from "react-router";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import type { useResume } from "./api";

/** How a resumption went; `campaign` where there is one whose bids stand on this page already. */
export function Resumed({ resume, campaign }: { resume: ReturnType<typeof useResume>; campaign?: string }) {
  const { t } = useTexts();
  if (resume.isError) return <Failure error={resume.error} />;
  if (!resume.isSuccess) return null;
  const one = resume.variables ?? campaign;
  return (
    <Alert
      type="success"
      showIcon
      className="gap"
      title={t("ad.resumed.title")}
      description={
        <span className="row">
          <Link to={typeof one === "string" ? `/ads/campaigns/${one}` : "/ads/campaigns"}>{t("ad.resumed.bids")}</Link>
          <Link to="/ads/settings">{t("ad.resumed.alerts")}</Link>
        </span>
      }
    />
  );
}
