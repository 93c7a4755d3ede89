// Runs in the page: draws each figure's chart from the JSON beside it. Chart.js is in the page before it.
const { Chart } = globalThis
const style = getComputedStyle(document.documentElement)
const dark = matchMedia('(prefers-color-scheme: dark)')
let ink = ''
let soft = ''
let line = ''

/** An allocator has the same colour in every chart. The colours are distinguishable with colour blindness. */
const fixed = {
  superslab: '#e8590c',
  'superslab-preloaded': '#ffa94d',
  jemalloc: '#1c7ed6',
  'jemalloc-tuned': '#74c0fc',
  mimalloc: '#2f9e44',
  mimalloc3: '#8ce99a',
  tcmalloc: '#9c36b5',
  rpmalloc: '#0c8599',
  snmalloc: '#c2255c',
}
/** Greys are readable on one of both backgrounds: first the one for light, then that for dark. */
const greys = {
  system: ['#495057', '#ced4da'],
  live: ['#868e96', '#868e96'],
  'system-2-arenas': ['#adb5bd', '#6c757d'],
}
const others = ['#f08c00', '#5f3dc4', '#66a80f', '#1098ad', '#e03131', '#862e9c']

function colourOf(name, index) {
  return greys[name]?.[dark.matches ? 1 : 0] ?? fixed[name] ?? others[index % others.length]
}

Chart.defaults.font.family = style.fontFamily
Chart.defaults.font.size = 13
Chart.defaults.animation = false
Chart.defaults.plugins.legend.labels.boxWidth = 14
Chart.defaults.plugins.legend.labels.boxHeight = 14
Chart.defaults.maintainAspectRatio = false

/** A dashed line across the chart with a word beside it. */
const rules = {
  id: 'rules',
  afterDatasetsDraw(chart, _, { marks = [], reference }) {
    const { ctx, chartArea, scales } = chart
    ctx.save()
    ctx.strokeStyle = ctx.fillStyle = soft
    ctx.setLineDash([4, 4])
    ctx.beginPath()
    for (const { x, label } of marks) {
      const at = scales.x.getPixelForValue(x)
      ctx.moveTo(at, chartArea.top)
      ctx.lineTo(at, chartArea.bottom)
      ctx.fillText(label, at + 6, chartArea.bottom - 8)
    }
    if (reference !== undefined) {
      const at = scales.y.getPixelForValue(reference)
      ctx.moveTo(chartArea.left, at)
      ctx.lineTo(chartArea.right, at)
    }
    ctx.stroke()
    ctx.restore()
  },
}

/** A whisker on each bar: the noise of its value. */
const whiskers = {
  id: 'whiskers',
  afterDatasetsDraw(chart) {
    const { ctx, scales, chartArea } = chart
    ctx.save()
    ctx.beginPath()
    ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height)
    ctx.clip()
    ctx.strokeStyle = ink
    ctx.beginPath()
    chart.data.datasets.forEach(({ noise, data }, set) => {
      if (!noise || !chart.isDatasetVisible(set)) return
      chart.getDatasetMeta(set).data.forEach(({ x }, i) => {
        if (data[i] === null || !noise[i]) return
        const [low, high] = [data[i] - noise[i], data[i] + noise[i]].map((value) =>
          scales.y.getPixelForValue(value),
        )
        ctx.moveTo(x, low)
        ctx.lineTo(x, high)
        for (const end of [low, high]) {
          ctx.moveTo(x - 3, end)
          ctx.lineTo(x + 3, end)
        }
      })
    })
    ctx.stroke()
    ctx.restore()
  },
}

function axis(text) {
  return { title: { display: true, text }, beginAtZero: true, grid: { color: line } }
}

/** The line that all values are compared with is in the picture, with room above it. */
function axisWith(text, reference) {
  const room = reference === undefined ? {} : { suggestedMax: 1.1 * reference }
  return { ...axis(text), ...room }
}

/** Pixels: a bar of one workload does not fill the screen. */
const widestBar = 48

function lastOf(series) {
  return Math.max(...series.map(({ points }) => points.at(-1)?.[0] ?? 0))
}

function lineChart({ x, y, series, marks, unit = 's' }) {
  const names = [...new Set(series.map(({ name }) => name))]
  const datasets = series.map(({ name, points, faint }) => {
    const colour = colourOf(name, names.indexOf(name))
    return {
      label: name,
      faint,
      data: points.map(([x, y]) => ({ x, y })),
      borderColor: faint ? `${colour}55` : colour,
      backgroundColor: colour,
      borderWidth: faint ? 1 : 2,
      pointRadius: 0,
      order: faint ? 1 : 0,
    }
  })
  return {
    type: 'line',
    data: { datasets },
    plugins: [rules],
    options: {
      parsing: false,
      normalized: true,
      interaction: { mode: 'nearest', axis: 'x', intersect: false },
      scales: { x: { type: 'linear', ...axis(x), max: lastOf(series) }, y: axis(y) },
      plugins: {
        rules: { marks },
        legend: {
          labels: { filter: ({ datasetIndex }) => !datasets[datasetIndex].faint },
          // The repetitions of a series are shown and hidden with it.
          onClick: (_, item, { chart }) => {
            const shown = chart.isDatasetVisible(item.datasetIndex)
            datasets.forEach(({ label }, i) => {
              if (label === item.text) chart.setDatasetVisibility(i, !shown)
            })
            chart.update()
          },
        },
        tooltip: {
          filter: ({ dataset }) => !dataset.faint,
          callbacks: {
            title: ([first]) => (first ? `${first.parsed.x.toFixed(1)} ${unit}` : ''),
            label: ({ dataset, parsed }) => `${dataset.label}: ${parsed.y.toFixed(1)}`,
          },
        },
      },
    },
  }
}

function barChart({ y, groups, series, reference }) {
  const datasets = series.map(({ name, values, noise }, i) => ({
    label: name,
    data: values,
    noise,
    backgroundColor: colourOf(name, i),
    borderRadius: 2,
    maxBarThickness: widestBar,
  }))
  return {
    type: 'bar',
    data: { labels: groups, datasets },
    plugins: [rules, whiskers],
    options: {
      interaction: { mode: 'index', intersect: false },
      scales: { x: { grid: { display: false } }, y: axisWith(y, reference) },
      plugins: {
        rules: { reference },
        tooltip: {
          callbacks: {
            label: ({ dataset, dataIndex, parsed }) => {
              const noise = dataset.noise?.[dataIndex]
              const off = noise ? ` ± ${noise.toFixed(2)}` : ''
              return `${dataset.label}: ${parsed.y.toFixed(2)}${off}`
            },
          },
        },
      },
    },
  }
}

function draw() {
  ;[ink, soft, line] = ['--ink', '--soft', '--line'].map((name) => style.getPropertyValue(name))
  Chart.defaults.color = soft
  Chart.defaults.borderColor = line
  for (const figure of document.querySelectorAll('figure')) {
    const chart = JSON.parse(figure.querySelector('script').textContent)
    const canvas = figure.querySelector('canvas')
    Chart.getChart(canvas)?.destroy()
    new Chart(canvas, chart.kind === 'line' ? lineChart(chart) : barChart(chart))
  }
}
draw()
dark.addEventListener('change', draw)

const text = document.querySelector('#data').textContent
document.querySelector('#save').href = URL.createObjectURL(
  new Blob([text], { type: 'application/json' }),
)
