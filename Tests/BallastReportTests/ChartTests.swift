import Foundation
import Testing

@testable import BallastReport

@Suite struct ChartTests {
  func grid(_ count: Int) -> TimeGrid {
    TimeGrid(
      starts: (0..<count).map { Double($0) * 60 }, ends: (1...count).map { Double($0) * 60 })
  }

  /// One peak and one dip of a single sample among 10,000 survive 600 points, in their order.
  @Test func samplingKeepsExtremes() {
    var values = Array(repeating: 5.0, count: 10_000)
    values[3_333] = 99
    values[3_334] = 1
    let sampling = Sampling(grid(10_000), pointsMax: 600)
    let reduced = sampling.reduce(values)
    #expect(reduced.count <= 600 && reduced.count == sampling.starts.count)
    #expect(reduced.contains(99) && reduced.contains(1))
    #expect(reduced.firstIndex(of: 99)! < reduced.firstIndex(of: 1)!)
    #expect(sampling.end == 600_000)
  }

  @Test func fewSamplesStayAsTheyAre() {
    #expect(Sampling(grid(3), pointsMax: 600).reduce([1, .nan, 3])[2] == 3)
  }

  /// Axes end on round numbers at or above the largest value.
  @Test(arguments: [(0.0, 1.0), (0.7, 0.8), (8, 8), (83.2, 100), (334, 400), (1_001, 1_250)])
  func axes(largest: Double, top: Double) {
    #expect(Axis(upTo: largest).top == top)
  }

  @Test func timeTicksAreRound() {
    #expect(
      timeTicks(to: 86_400).map(\.label)
        == ["00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "24:00"])
    #expect(timeTicks(to: 3 * 86_400).map(\.label).prefix(3) == ["day 1", "12:00", "day 2"])
  }

  /// Steps, not slopes: a sample is a mean over its interval. Equal neighbours make one step; a gap is a gap.
  @Test func linesAreSteps() {
    var writer = ChartWriter(grid(4), pointsMax: 600, timesKey: "a")
    let html = writer.html(
      TimeChart(
        id: "c", title: "T", unit: "GHz", height: 100,
        series: [.init(name: "used", style: "used", kind: .line, values: [1, 1, .nan, 4])]))
    #expect(html.contains("d=\"M0 75H500M750 0H1000\""))
    #expect(writer.json[0].contains("\"v\":[1,1,null,4]"))
  }

  /// One path per class, runs joined; cells without a sample are left open.
  @Test func heatMapIsRunLength() {
    let html = HeatMap(
      id: "h", title: "T", palette: "waits", classNames: ["a", "b", "c", "d", "e"],
      groups: [.init(name: "g", rows: [.init(link: "", name: "v", cells: [0, 3, 3, 255])])],
      columns: 4, duration: 240
    ).html
    #expect(html.contains("<path class=\"c0\" d=\"M0 0.5h3\"/><path class=\"c3\" d=\"M1 0.5h2\"/>"))
  }

  @Test func numbersForPeople() {
    #expect(percent(31.4) == "31\u{00A0}%" && percent(7.26) == "7.3\u{00A0}%")
    #expect(percent(0.04) == "under 0.1\u{00A0}%" && percent(0) == "0\u{00A0}%")
    #expect(cpu(640) == "640\u{00A0}MHz" && cpu(3_449) == "3.4\u{00A0}GHz")
    #expect(memory(512) == "512\u{00A0}MiB" && memory(12_595) == "12.3\u{00A0}GiB")
    #expect(span(23_100) == "6\u{00A0}h\u{00A0}25\u{00A0}min" && span(86_400) == "1\u{00A0}d")
    #expect(span(79) == "1\u{00A0}min\u{00A0}19\u{00A0}s" && span(119.7) == "2\u{00A0}min")
    #expect(span(59.6) == "1\u{00A0}min" && span(599.6) == "10\u{00A0}min")
    #expect(clock(50_700) == "14:05" && clock(86_400 + 50_700) == "day 2, 14:05")
    #expect(count(1_234_567) == "1,234,567")
  }

  /// An axis from 1 to 4 of which 1 has no value: its label stays in the picture, at the left end of 46 … 540.
  @Test func axesCoverPlacesWithoutValues() {
    let html = PlainChart(
      title: "T", unit: "", xTitle: "hosts",
      lines: [
        .init(name: "mean", style: "used", points: [(2, 3, 3, 3), (4, 1, 1, 1)], gaps: [1])
      ],
      ticks: [(1, "one"), (2, "two"), (4, "four")], places: [1, 2, 4]
    ).html
    #expect(html.contains("x=\"46\" y=\"200\">one"))
    // A third of the way is 46 + 494 / 3.
    #expect(html.contains("x=\"210.7\" y=\"200\">two"))
    #expect(html.contains("x=\"540\" y=\"200\">four"))
    #expect(html.contains("d=\"M210.7 8L540 "))
  }

  /// Where a value is missing between two others there is no line, nor a band; both points stay.
  @Test func aMissingValueIsAGap() {
    let html = PlainChart(
      title: "T", unit: "", xTitle: "hosts",
      lines: [
        .init(name: "mean", style: "used", points: [(1, 3, 2, 4), (3, 1, 0, 2)], gaps: [2])
      ],
      ticks: [], places: [1, 2, 3]
    ).html
    #expect(!html.contains("path class=\"line\""))
    #expect(html.components(separatedBy: "<circle").count == 3)
  }
}
