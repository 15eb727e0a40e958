//! The report with plots: one HTML file with SVG in it, without scripts and without anything to fetch.

use std::fmt::Write;

use crate::tally::{BASES, QUALITIES, Tally, bin_start};
use crate::terminal::{grouped, share};

/// Size of a plot and its margins, in pixels.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 36.0;
const TOP: f64 = 24.0;

const COLOURS: [&str; 5] = ["#2e7d32", "#1565c0", "#f9a825", "#c62828", "#757575"];

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:760px;margin:2em auto;padding:0 1em;color:#222}\
h1{font-size:1.4em}h2{font-size:1.1em;margin:1.6em 0 .3em}table{border-collapse:collapse}\
td{padding:.1em 1em .1em 0}td+td{text-align:right;font-variant-numeric:tabular-nums}h1+p{margin-top:-.6em}\
svg{width:100%;height:auto}svg text{font-size:12px;fill:#555}.key{font-size:.9em;color:#555}\
@media(prefers-color-scheme:dark){body{background:#161616;color:#ddd}svg text,.key{fill:#aaa;color:#aaa}}";

/// The report of `title`.
pub(crate) fn page(title: &str, tally: &Tally) -> String {
    let title = escaped(title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\n\
         <body><h1>{title}</h1>\n<p class=\"key\">FASTQ quality report</p>\n"
    );
    page += &summary(tally);
    if !tally.positions.is_empty() {
        page += &quality_by_position(tally);
        page += &bases_by_position(tally);
    }
    let lengths = lengths(tally);
    page += &histogram("Reads by length", "bases in the read", &lengths);
    let indexed = |counts: &[u64]| counts.iter().enumerate().map(|(i, n)| (i as f64, *n as f64)).collect::<Vec<_>>();
    page += &histogram("Reads by mean quality", "mean Phred quality", &indexed(&tally.mean_quality));
    // A hundred or two hundred bases have few different shares of G and C: steps of one percent would look like a comb.
    let gc: Vec<_> =
        tally.gc_percent.chunks(2).enumerate().map(|(i, n)| (2.0 * i as f64, n.iter().sum::<u64>() as f64)).collect();
    page += &histogram("Reads by GC", "percent of G and C", &gc);
    page += "</body></html>\n";
    page
}

fn summary(tally: &Tally) -> String {
    let mut rows = vec![("records", grouped(tally.records)), ("bases", grouped(tally.bases))];
    if let (Some(min), Some(max), Some(mean)) = (tally.min_length, tally.max_length, tally.mean_length()) {
        rows.push(("length", format!("{} to {}, mean {mean:.1}", grouped(min), grouped(max))));
    }
    if let (Some(mean), Some(q20), Some(q30)) = (tally.mean(), tally.at_least(20), tally.at_least(30)) {
        rows.push(("mean quality", format!("{mean:.2}")));
        rows.push(("at least Q20", format!("{q20:.2} %")));
        rows.push(("at least Q30", format!("{q30:.2} %")));
    }
    if let Some(gc) = tally.gc_of_all() {
        rows.push(("GC", format!("{gc:.2} %")));
    }
    if tally.skipped_records > 0 {
        rows.push(("bad records skipped", grouped(tally.skipped_records)));
    }
    if tally.dropped_records > 0 {
        rows.push(("good records dropped with their mates", grouped(tally.dropped_records)));
    }
    let rows: String = rows.iter().map(|(name, value)| format!("<tr><td>{name}</td><td>{value}</td></tr>")).collect();
    format!("<table>{rows}</table>\n")
}

fn quality_by_position(tally: &Tally) -> String {
    let quantile = |share: f64| {
        let points = tally.positions.iter().enumerate();
        points.map(|(bin, counts)| (bin_start(bin) as f64 + 1.0, counts.quantile(share) as f64)).collect::<Vec<_>>()
    };
    let highest = quantile(0.9).iter().map(|(_, phred)| *phred).fold(40.0, f64::max).min(QUALITIES as f64);
    let mut plot =
        Plot::new("Quality by position", "position in the read", "Phred quality", last_position(tally), highest + 2.0);
    plot.band(&quantile(0.1), &quantile(0.9), "#90caf9");
    plot.band(&quantile(0.25), &quantile(0.75), "#42a5f5");
    let means = tally.positions.iter().enumerate().map(|(bin, counts)| (bin_start(bin) as f64 + 1.0, counts.mean()));
    plot.line(&means.collect::<Vec<_>>(), "#0d47a1");
    plot.finish("line: mean; dark band: quartiles; light band: 10 to 90 percent")
}

fn bases_by_position(tally: &Tally) -> String {
    let mut plot =
        Plot::new("Bases by position", "position in the read", "percent of bases", last_position(tally), 100.0);
    for (i, colour) in COLOURS.iter().enumerate() {
        let points = tally.positions.iter().enumerate();
        let points = points.map(|(bin, counts)| (bin_start(bin) as f64 + 1.0, share(counts.bases[i], &counts.bases)));
        plot.line(&points.collect::<Vec<_>>(), colour);
    }
    let gc = tally.positions.iter().enumerate();
    let gc = gc.map(|(bin, c)| (bin_start(bin) as f64 + 1.0, share(c.bases[1] + c.bases[2], &c.bases)));
    plot.line(&gc.collect::<Vec<_>>(), "#6a1b9a");
    let mut key = String::new();
    for (base, colour) in BASES.iter().map(|b| char::from(*b).to_string()).chain(["other".into()]).zip(COLOURS) {
        let _ = write!(key, "<span style=\"color:{colour}\">&#9644; {base}</span> &#160; ");
    }
    plot.finish(&format!("{key}<span style=\"color:#6a1b9a\">&#9644; G + C</span>"))
}

fn last_position(tally: &Tally) -> f64 {
    bin_start(tally.positions.len().saturating_sub(1)) as f64 + 1.0
}

fn histogram(title: &str, unit: &str, points: &[(f64, f64)]) -> String {
    let first = points.iter().position(|(_, n)| *n > 0.0);
    let Some(first) = first else { return String::new() };
    let highest = points.iter().map(|(_, n)| *n).fold(0.0, f64::max);
    let width = if let [(a, _), (b, _), ..] = points { b - a } else { 1.0 };
    let right = points.last().map_or(1.0, |(x, _)| *x + width);
    let mut plot = Plot::new(title, unit, "reads", right, highest * 1.05);
    let mut outline = Vec::new();
    for (i, (x, n)) in points.iter().enumerate().skip(first) {
        let next = points.get(i + 1).map_or(x + width, |(x, _)| *x);
        outline.extend([(*x, *n), (next, *n)]);
    }
    let floor: Vec<_> = outline.iter().map(|(x, _)| (*x, 0.0)).collect();
    plot.band(&floor, &outline, "#80cbc4");
    plot.finish("")
}

/// Reads by length in bars of equal width, that of the widest bin. The width of each bin divides it.
fn lengths(tally: &Tally) -> Vec<(f64, f64)> {
    let bins = tally.lengths.len();
    let width = bins.checked_sub(1).map_or(1, |last| bin_start(bins) - bin_start(last));
    let mut bars: Vec<(f64, f64)> = Vec::new();
    for (bin, n) in tally.lengths.iter().enumerate() {
        let bar = bin_start(bin) / width;
        while bars.len() <= bar {
            bars.push(((bars.len() * width) as f64, 0.0));
        }
        bars[bar].1 += *n as f64;
    }
    bars
}

/// One plot under construction.
struct Plot {
    title: String,
    svg: String,
    right: f64,
    highest: f64,
}

impl Plot {
    fn new(title: &str, below: &str, beside: &str, right: f64, highest: f64) -> Self {
        let mut plot = Self { title: title.into(), svg: String::new(), right, highest };
        let floor = HEIGHT - BOTTOM;
        for step in ticks(highest) {
            let y = plot.y(step as f64);
            let _ = write!(
                plot.svg,
                "<line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#8884\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{step}</text>",
                LEFT - 6.0,
                y + 4.0
            );
        }
        for step in ticks(right) {
            let (x, y) = (plot.x(step as f64), floor + 16.0);
            let _ = write!(plot.svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{step}</text>");
        }
        let (x, y) = (WIDTH, HEIGHT - 4.0);
        let _ = write!(plot.svg, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"end\">{below}</text>");
        let _ = write!(plot.svg, "<text x=\"0\" y=\"12\">{beside}</text>");
        plot
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (WIDTH - LEFT - 12.0) * value / self.right
    }

    fn y(&self, value: f64) -> f64 {
        TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - (value / self.highest).min(1.0))
    }

    fn path(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        points.map(|(x, y)| format!("{:.1},{:.1} ", self.x(x), self.y(y))).collect()
    }

    fn line(&mut self, points: &[(f64, f64)], colour: &str) {
        let path = self.path(points.iter().copied());
        let _ =
            write!(self.svg, "<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"/>");
    }

    fn band(&mut self, low: &[(f64, f64)], high: &[(f64, f64)], colour: &str) {
        let path = self.path(low.iter().copied().chain(high.iter().rev().copied()));
        let _ = write!(self.svg, "<polygon points=\"{path}\" fill=\"{colour}\" fill-opacity=\"0.7\"/>");
    }

    fn finish(self, key: &str) -> String {
        let Self { title, svg, .. } = self;
        format!(
            "<h2>{title}</h2>\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">{svg}</svg>\n\
             <div class=\"key\">{key}</div>\n"
        )
    }
}

/// Round numbers from 0 up to `highest`, about five.
fn ticks(highest: f64) -> Vec<u64> {
    let mut step = 1u64;
    while highest / step as f64 > 6.0 {
        step = match step.to_string().as_bytes()[0] {
            b'1' => step * 2,
            b'2' => step / 2 * 5,
            _ => step * 2,
        };
    }
    (0..).map(|i| i * step).take_while(|tick| *tick as f64 <= highest).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
