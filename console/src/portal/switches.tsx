// Language and appearance.
import { MoonOutlined, SunOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useAppearance } from "../app/theme";
import { speak, useTexts } from "../i18n";

/** Each language in itself. */
const NAMES = { "zh-CN": "\u4e2d\u6587", en: "English" };

export function Switches() {
  const { t, language } = useTexts();
  const { dark, toggle } = useAppearance();
  const other = language === "en" ? "zh-CN" : "en";
  return (
    <div className="row" style={{ justifyContent: "flex-end", flexWrap: "nowrap" }}>
      <Button type="text" lang={other} title={t("app.language")} onClick={() => speak(other)}>
        {NAMES[other]}
      </Button>
      <Button
        type="text"
        icon={dark ? <SunOutlined /> : <MoonOutlined />}
        aria-label={t(dark ? "app.theme.light" : "app.theme.dark")}
        onClick={toggle}
      />
    </div>
  );
}
