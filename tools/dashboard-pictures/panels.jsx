// One component for each type of panel that the dashboard uses.
import { formattedValueToString, getFieldDisplayName, reduceField, transformDataFrame } from '@grafana/data';
import { BigValue, BigValueColorMode, BigValueGraphMode, TimeSeries } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { useEffect, useState } from 'react';
import { configureFrames, seriesFrames, tableFrames } from './frames.mjs';

export function PanelContent(properties) {
  switch (properties.panel.type) {
    case 'stat': return <Stat {...properties} />;
    case 'timeseries': return <Graph {...properties} />;
    case 'state-timeline': return <States {...properties} />;
    case 'table': return <Rows {...properties} />;
    default: throw new Error(`no component draws the panel type ${properties.panel.type}`);
  }
}

function NoData({ width, height, theme }) {
  return <div style={{ width, height, display: 'grid', placeItems: 'center', color: theme.colors.text.secondary }}>No data</div>;
}

function Stat({ panel, results, theme, width, height, ...rest }) {
  const [frame] = configureFrames(seriesFrames(results), panel, theme);
  if (!frame) {
    return <NoData theme={theme} width={width} height={height} {...rest} />;
  }
  const field = frame.fields[1];
  const [calculation] = panel.options.reduceOptions.calcs;
  const value = field.display(reduceField({ field, reducers: [calculation] })[calculation]);
  const withGraph = panel.options.graphMode === 'area';
  return (
    <BigValue
      value={{ ...value, title: undefined }}
      sparkline={withGraph ? { x: frame.fields[0], y: field } : undefined}
      graphMode={withGraph ? BigValueGraphMode.Area : BigValueGraphMode.None}
      colorMode={BigValueColorMode.Value}
      theme={theme} width={width} height={height}
    />
  );
}

function Graph({ panel, results, range, theme, width, height }) {
  const frames = configureFrames(seriesFrames(results), panel, theme);
  return frames.length === 0
    ? <NoData theme={theme} width={width} height={height} />
    : <TimeSeries frames={frames} timeRange={range} timeZone="utc" legend={panel.options.legend} width={width} height={height} />;
}

function Rows({ panel, results, theme, width, height }) {
  const [frames, setFrames] = useState([]);
  useEffect(() => {
    const subscription = transformDataFrame(panel.transformations, tableFrames(results))
      .subscribe(transformed => setFrames(configureFrames(transformed, panel, theme)));
    return () => subscription.unsubscribe();
  }, [panel, results, theme]);
  return frames.length === 0 ? null : <TableNG data={frames[0]} width={width} height={height} />;
}

// Grafana's packages have no state timeline, so that this panel is drawn here: one bar for each span of one state.
function States({ panel, results, range, theme, width, height }) {
  const frames = configureFrames(seriesFrames(results), panel, theme);
  const start = range.from.valueOf();
  const end = range.to.valueOf();
  const nameWidth = 190;
  const scale = (width - nameWidth) / (end - start);
  const rowHeight = Math.min(48, height / Math.max(frames.length, 1));
  return (
    <div style={{ position: 'relative', width, height }}>
      {frames.map((frame, row) => (
        <div key={row} style={{ position: 'absolute', top: row * rowHeight, width, height: rowHeight * 0.8 }}>
          <div style={{ position: 'absolute', width: nameWidth, lineHeight: `${rowHeight * 0.8}px`, fontSize: 12 }}>
            {getFieldDisplayName(frame.fields[1], frame, frames)}
          </div>
          {spans(frame).map(({ from, to, value }) => {
            const shown = frame.fields[1].display(value);
            return (
              <div
                key={from}
                style={{
                  position: 'absolute', left: nameWidth + (from - start) * scale, width: Math.max(1, (to - from) * scale), height: '100%',
                  background: shown.color, opacity: 0.8, overflow: 'hidden', fontSize: 12, paddingLeft: 2, color: theme.colors.background.canvas,
                }}
              >
                {(to - from) * scale > 48 ? formattedValueToString(shown) : ''}
              </div>
            );
          })}
        </div>
      ))}
    </div>
  );
}

// A runner that has no sample for more than a step was not there.
function spans({ fields: [time, state] }) {
  const step = 15_000;
  const result = [];
  for (let i = 0; i < time.values.length; i++) {
    const at = time.values[i];
    const last = result.at(-1);
    if (last && last.value === state.values[i] && at - last.to <= step) {
      last.to = at;
    } else {
      result.push({ from: last && at - last.to <= step ? last.to : at, to: at, value: state.values[i] });
    }
  }
  return result.filter(({ value }) => value);
}
