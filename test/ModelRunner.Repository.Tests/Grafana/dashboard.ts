// The type of deploy/grafana/model-runner.json, in terms of the types that Grafana publishes. dashboard.schema.json is made from it, in a folder
// with this file and a tsconfig.json with "strict", "skipLibCheck" and "moduleResolution": "bundler":
//   npm install @grafana/schema@13.2.3 ts-json-schema-generator@2.3.0
//   npx ts-json-schema-generator --path dashboard.ts --tsconfig tsconfig.json --type ShippedDashboard --jsDoc none --expose none -o dashboard.schema.json
import type { Dashboard, DataSourceRef, FieldConfig, Panel, RowPanel } from './node_modules/@grafana/schema/dist/types/raw/dashboard/x/types.gen';
import type * as stat from './node_modules/@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/types.gen';
import type * as statetimeline from './node_modules/@grafana/schema/dist/types/raw/composable/statetimeline/panelcfg/x/types.gen';
import type * as table from './node_modules/@grafana/schema/dist/types/raw/composable/table/panelcfg/x/types.gen';
import type * as timeseries from './node_modules/@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/types.gen';

// Grafana's data source for Prometheus.
type Query = {
  refId: string; datasource: DataSourceRef; expr: string; editorMode?: 'code' | 'builder'; exemplar?: boolean; format?: 'time_series' | 'table' | 'heatmap';
  hide?: boolean; instant?: boolean; range?: boolean; interval?: string; legendFormat?: string;
};
type Overrides = Array<{ matcher: { id: string; options?: string }; properties: Array<{ id: string; value?: unknown }> }>;
type Fields<Custom> = { defaults: Omit<FieldConfig, 'custom'> & { custom?: Custom }; overrides: Overrides };
type PanelOf<Type extends string, Options, Custom> =
  Omit<Panel, 'type' | 'options' | 'targets' | 'fieldConfig'> & { type: Type; options: Options; targets: Query[]; fieldConfig: Fields<Custom> };
type AnyPanel = (Omit<RowPanel, 'panels'> & { panels: [] })
  | PanelOf<'timeseries', timeseries.Options, timeseries.FieldConfig>
  | PanelOf<'stat', stat.Options, {}>
  | PanelOf<'table', table.Options, Partial<table.FieldConfig>>
  | PanelOf<'state-timeline', statetimeline.Options, statetimeline.FieldConfig>;
export type ShippedDashboard = Omit<Dashboard, 'panels' | 'annotations' | 'snapshot'> & { panels: AnyPanel[]; annotations: { list: [] } };
