// Makes Grafana's data frames from the results of Prometheus, with the field configuration of the panel.
import { FieldType, fieldMatchers, getDisplayProcessor, renderLegendFormat, toDataFrame } from '@grafana/data';

function configure(field, panel, frame, frames, theme) {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  field.config = { ...structuredClone(defaults), ...field.config, custom: { ...defaults.custom } };
  for (const { matcher, properties } of overrides) {
    if (!fieldMatchers.get(matcher.id).get(matcher.options)(field, frame, frames)) {
      continue;
    }
    for (const { id, value } of properties) {
      if (id.startsWith('custom.')) {
        field.config.custom[id.slice('custom.'.length)] = value;
      } else {
        field.config[id] = value;
      }
    }
  }
  field.display = getDisplayProcessor({ field, theme });
}

/** Configures every field of the frames, after transformations gave them their final names. */
export function configureFrames(frames, panel, theme) {
  let index = 0;
  for (const frame of frames) {
    for (const field of frame.fields) {
      if (field.type !== FieldType.time) {
        field.state = { ...field.state, seriesIndex: index++ };
      }
      configure(field, panel, frame, frames, theme);
    }
  }
  return frames;
}

/** One frame for each series of a range query. */
export function seriesFrames(results) {
  return results.flatMap(({ target, series }) => series.map(({ metric, values }) => toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: values.map(([time]) => time * 1000) },
      {
        name: 'Value',
        type: FieldType.number,
        labels: metric,
        config: { displayName: legend(target, metric) },
        values: values.map(([, value]) => numberOrNull(value)),
      },
    ],
  })));
}

/** One frame for each instant query, with a column for each label. */
export function tableFrames(results) {
  return results.map(({ target, series }) => {
    const labels = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
    return toDataFrame({
      refId: target.refId,
      fields: [
        { name: 'Time', type: FieldType.time, values: series.map(({ value }) => value[0] * 1000) },
        ...labels.map(name => ({ name, type: FieldType.string, values: series.map(({ metric }) => metric[name] ?? '') })),
        { name: `Value #${target.refId}`, type: FieldType.number, values: series.map(({ value }) => numberOrNull(value[1])) },
      ],
    });
  });
}

// Grafana shows a value that is not a number as a gap.
function numberOrNull(text) {
  const value = Number(text);
  return Number.isNaN(value) ? null : value;
}

function legend({ legendFormat }, metric) {
  return legendFormat && legendFormat !== '__auto' ? renderLegendFormat(legendFormat, metric) : undefined;
}
