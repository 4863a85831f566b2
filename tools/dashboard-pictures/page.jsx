// The page that draw.mjs opens: the panels of one row of the dashboard, at the places that the dashboard gives them.
import { createTheme, dateTime, standardTransformers, standardTransformersRegistry, ThemeContext } from '@grafana/data';
import { GlobalStyles, PanelChrome } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import { PanelContent } from './panels.jsx';

const columns = 24;
const gap = 8;
const rowHeight = 30;

for (const transformer of [standardTransformers.mergeTransformer, standardTransformers.organizeFieldsTransformer]) {
  standardTransformersRegistry.register({
    id: transformer.id,
    name: transformer.name,
    transformation: () => Promise.resolve(transformer),
    editor: () => null,
  });
}

function place({ x, y, w, h }, top, width) {
  const column = (width + gap) / columns;
  return {
    left: x * column,
    top: (y - top) * (rowHeight + gap),
    width: w * column - gap,
    height: h * (rowHeight + gap) - gap,
  };
}

function Row({ panels, range, width }) {
  const theme = createTheme({ colors: { mode: 'dark' } });
  const top = Math.min(...panels.map(({ panel }) => panel.gridPos.y));
  const bottom = Math.max(...panels.map(({ panel }) => panel.gridPos.y + panel.gridPos.h));
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div id="row" style={{ position: 'relative', width, height: (bottom - top) * (rowHeight + gap), background: theme.colors.background.canvas }}>
        {panels.map(({ panel, results }) => {
          const at = place(panel.gridPos, top, width);
          return (
            <div key={panel.id} style={{ position: 'absolute', ...at }}>
              <PanelChrome title={panel.title} width={at.width} height={at.height}>
                {(innerWidth, innerHeight) => (
                  <PanelContent panel={panel} results={results} range={range} theme={theme} width={innerWidth} height={innerHeight} />
                )}
              </PanelChrome>
            </div>
          );
        })}
      </div>
    </ThemeContext.Provider>
  );
}

window.drawRow = (panels, start, end, width) => {
  const range = { from: dateTime(start * 1000), to: dateTime(end * 1000), raw: { from: 'now-1h', to: 'now' } };
  createRoot(document.getElementById('root')).render(<Row panels={panels} range={range} width={width} />);
};
