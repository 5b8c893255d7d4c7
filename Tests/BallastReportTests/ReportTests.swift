import BallastModel
import Foundation
import FoundationXML
import Testing

@testable import BallastReport

/// The page must be a page: balanced, self-contained, escaped.
@Suite struct ReportTests {
  func rendered(_ run: SyntheticRun, dygraphs: (js: String, css: String)? = nil) throws -> String {
    let directory = TemporaryDirectory()
    try run.write(to: directory.path)
    return try renderReport(directory: directory.path, dygraphs: dygraphs)
  }

  /// The page is XML but for its first line, its no-break spaces and what stands inside script and style.
  func checkWellFormed(_ html: String, _ where: SourceLocation = #_sourceLocation) {
    var text = html
    for name in ["script", "style"] {
      text = text.replacing(try! Regex("(?s)<\(name)[^>]*>.*?</\(name)>"), with: "")
    }
    text = text.replacing("<!DOCTYPE html>", with: "")
    let parser = XMLParser(data: Data(text.utf8))
    let isWhole = parser.parse()
    #expect(
      isWhole, "line \(parser.lineNumber): \(String(describing: parser.parserError))",
      sourceLocation: `where`)
    let anchors = Set(html.matches(of: /id="([^"]+)"/).map { String($0.1) })
    let links = html.matches(of: /href="#([^"]+)"/).map { String($0.1) }
    #expect(
      links.filter { !anchors.contains($0) } == [], "links go somewhere", sourceLocation: `where`)
    #expect(!html.contains("http://"), sourceLocation: `where`)
    #expect(!html.contains("https://"), sourceLocation: `where`)
  }

  @Test func smallRunRenders() throws {
    let html = try rendered(SyntheticRun(hosts: 2, vms: 10, samples: 48))
    checkWellFormed(html)
    for text in [
      "Findings, by harm", "expectations", "gold-and-bronze", "Column dictionary", "%RDY / vCPUs",
      "cpu.readiness.average", "vcpu.N.delay", "CPU ready, VM by VM", "1f3a88c04d2e9b61",
    ] { #expect(html.contains(text), "\(text)") }
    #expect(!html.contains("This run is incomplete"))
  }

  /// Who paid, since which ratio, in which state; findings on each.
  @Test func memoryIsTold() throws {
    let html = try rendered(SyntheticRun(hosts: 2, vms: 10, samples: 48, takesMemoryBack: true))
    checkWellFormed(html)
    for text in [
      "Where its memory went", "Guest memory it does not hold", "What sharing came from",
      "Memory state, host by host", "Who paid", "Memory was first taken back at <b>",
      "slowed down by paging", "fell to memory state low", "killed for lack of memory",
      "Page sharing saved less than 1\u{00A0}%", "bad, memory",
    ] { #expect(html.contains(text), "\(text)") }
  }

  /// The table names the guest's own swap and what was only recorded in samples; without rows those columns are gone, not
  /// empty. Nobody waits but who an event says waits: the whole second half of 4 h.
  @Test func whoPaidShowsWhatIsKnown() throws {
    let html = try rendered(SyntheticRun(hosts: 2, vms: 10, samples: 48, takesMemoryBack: true))
    for text in ["Own swap max", "Compressed max", "2\u{00A0}h"] {
      #expect(html.contains(text), "\(text)")
    }
    let short = try rendered(
      SyntheticRun(hosts: 2, vms: 10, samples: 48, recordsVMs: false, takesMemoryBack: true))
    checkWellFormed(short)
    #expect(!short.contains("Own swap max") && !short.contains("Compressed max"))
    #expect(short.contains("is known from its samples only"))
  }

  /// A policy without states: no strip of them, whatever was taken back. A device that nobody used: no axis for it.
  @Test func nothingIsDrawnOfWhatThereIsNot() throws {
    let directory = TemporaryDirectory()
    try SyntheticRun(hosts: 1, vms: 4, samples: 24, takesMemoryBack: true).write(to: directory.path)
    func rewrite(_ file: String, _ change: ([Substring]) -> [Substring]?) throws {
      let lines = directory.text(file).split(separator: "\n").compactMap { line in
        change(line.split(separator: ",", omittingEmptySubsequences: false))?
          .joined(separator: ",")
      }
      try (lines.joined(separator: "\n") + "\n").write(
        toFile: directory.path + "/" + file, atomically: true, encoding: .utf8)
    }
    let before = try renderReport(directory: directory.path, dygraphs: nil)
    #expect(before.contains("memory-states") && before.contains("Swap device"))
    let names = directory.text("hosts.csv").split(separator: "\n")[0].split(separator: ",")
    let state = names.firstIndex(of: "mem_state")!
    let traffic = ["swap_in_mib_s", "swap_out_mib_s"].map { names.firstIndex(of: $0[...])! }
    try rewrite("hosts.csv") { cells in
      guard cells[0] != "time_s" else { return cells }
      var cells = cells
      cells[state] = ""
      for column in traffic { cells[column] = "0.000" }
      return cells
    }
    try rewrite("events.csv") { $0[2] == "mem_state" ? nil : $0 }
    let after = try renderReport(directory: directory.path, dygraphs: nil)
    checkWellFormed(after)
    for text in [
      "memory-states", "always high", "below high", "fell to memory state", "Swap device",
    ] {
      #expect(!after.contains(text), "\(text)")
    }
    #expect(after.contains("Guest memory it does not hold"))
  }

  /// Without reclaim there is no such section; nor is there for a run of a version that had no columns for it.
  @Test func withoutReclaimThereIsNoMemorySection() throws {
    let directory = TemporaryDirectory()
    try SyntheticRun(hosts: 2, vms: 6, samples: 12).write(to: directory.path)
    let now = try renderReport(directory: directory.path, dygraphs: nil)
    #expect(!now.contains("id=\"memory\"") && !now.contains("href=\"#memory\""))
    for (file, count) in [("hosts.csv", 8), ("vms.csv", 7)] {
      let lines = directory.text(file).split(separator: "\n").map { line in
        line.split(separator: ",", omittingEmptySubsequences: false).dropLast(count)
          .joined(separator: ",")
      }
      try (lines.joined(separator: "\n") + "\n").write(
        toFile: directory.path + "/" + file, atomically: true, encoding: .utf8)
    }
    let old = try renderReport(directory: directory.path, dygraphs: nil)
    checkWellFormed(old)
    #expect(!old.contains("id=\"memory\""))
  }

  /// Equal directories give equal bytes.
  @Test func bytesAreStable() throws {
    let run = SyntheticRun(hosts: 2, vms: 8, samples: 24)
    #expect(try rendered(run) == rendered(run))
  }

  @Test(arguments: [0, 1]) func emptyRunRenders(vms: Int) throws {
    let html = try rendered(SyntheticRun(hosts: 1, vms: vms, samples: 0))
    checkWellFormed(html)
    #expect(html.contains("no samples"))
  }

  @Test func oneVMRenders() throws {
    checkWellFormed(try rendered(SyntheticRun(hosts: 1, vms: 1, samples: 3)))
  }

  /// 57,600 rows: band, heat map and table cover all VMs, drill-downs the 50 worst, and the page stays small.
  @Test func manyVMsRender() throws {
    let html = try rendered(SyntheticRun(hosts: 12, vms: 200, samples: 288))
    checkWellFormed(html)
    #expect(html.matches(of: /<details class="drill">/).count == RunData.drillDownCountMax)
    #expect(html.matches(of: /<tr id="row-/).count == 200)
    #expect(html.contains("id=\"hosts-heat\""))
    #expect(html.utf8.count < 4_000_000)
  }

  /// Without samples of VMs the report still judges them, and says what to record for more.
  @Test func summaryOnlyRunRenders() throws {
    let html = try rendered(SyntheticRun(recordsVMs: false))
    checkWellFormed(html)
    #expect(html.contains("record: {vms: all}"))
    #expect(html.contains("wait for CPU"))
    #expect(!html.contains("id=\"vms-heat\""))
  }

  @Test func incompleteRunSaysSo() throws {
    let html = try rendered(SyntheticRun(hosts: 1, vms: 2, samples: 12, isComplete: false))
    #expect(html.contains("This run is incomplete"))
    #expect(html.contains("after 1\u{00A0}h"))
  }

  /// Names are the user's; none may become markup, not even before a combining mark, in attributes or in JSON.
  @Test func namesAreEscaped() throws {
    var run = SyntheticRun(hosts: 1, vms: 4, samples: 12)
    run.vmName = { "<\u{301}script>\"'&\u{301}</script>\($0)" }
    let html = try rendered(run)
    checkWellFormed(html)
    #expect(
      html.unicodeScalars.split(separator: "<").dropFirst().allSatisfy { $0.first != "\u{301}" })
    #expect(html.contains("&lt;\u{301}script&gt;"))
  }

  /// The library is inlined once with its notice; a script end inside it cannot end the element, source maps go.
  @Test func libraryIsInlined() throws {
    let html = try rendered(
      SyntheticRun(hosts: 1, vms: 2, samples: 12),
      dygraphs: (
        js: "var Dygraph = '</script>';\n//# sourceMappingURL=dygraph.min.js.map\n", css: ".a{}"
      ))
    checkWellFormed(html)
    #expect(html.contains("var Dygraph = '<\\/script>'"))
    #expect(html.contains("Dan Vanderkam"))
    #expect(!html.contains("sourceMappingURL"))
    #expect(html.matches(of: /<\/script>/).count == 3)
  }

  @Test func notARunIsAnError() {
    #expect(throws: RunReadError.self) {
      try renderReport(directory: "/nonexistent", dygraphs: nil)
    }
  }
}
