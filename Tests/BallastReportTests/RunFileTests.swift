import BallastModel
import BallastUnits
import Foundation
import Testing

@testable import BallastReport

@Suite struct RunFileTests {
  func aRun() -> RunFile {
    RunFile(
      record: aRecord(
        expectations: [
          .init(text: "ready p95 at most 5.000", measured: "7.312 (web-3)", isMet: false)
        ],
        traces: [
          .init(
            name: "pl", path: "$T/\"pl\"", sha256: "ab", format: "planetlab", series: 12,
            quirks: [("gap", 3), ("clipped", 0)])
        ]),
      ballastVersion: "0.1.0", scenarioSHA256: "cd", keptScenarioSHA256: "ef",
      wallMilliseconds: 1_234)
  }

  /// Key order and formatting are part of the promise that equal runs give equal bytes.
  @Test func bytesAreStable() {
    let text = aRun().json
    #expect(
      text.hasPrefix(
        """
        {
          "schema_version": 1,
          "ballast_version": "0.1.0",
          "scenario": "gold-and-bronze",
          "scenario_sha256": "cd",
          "kept_scenario_sha256": "ef",
          "seed": 7,
          "digest": "0000000000000abc",
          "sim_duration_s": 86400.000,
          "wall_s": 1.234,
          "complete": true,
          "expectations": [
            {
              "text": "ready p95 at most 5.000",
              "measured": "7.312 (web-3)",
              "met": false
            }
          ],
          "summary": [
            {
              "name": "consolidation_ratio",
              "unit": "1",
              "value": 20.000,
              "meaning": "VMs per host"
            },
            {
              "name": "mem_swapped_mib",
              "unit": "MiB",
              "value": null,
              "meaning": "not modelled"
            }
          ],
          "assumptions": [
            "Threads add nothing at fluid fidelity."
          ],
          "traces": [
            {
              "name": "pl",
              "path": "$T/\\"pl\\"",
              "sha256": "ab",
              "format": "planetlab",
              "series": 12,
              "quirks": [
                {
                  "name": "gap",
                  "count": 3
                },
        """))
    #expect(text.hasSuffix("\n  }\n}\n"))
  }

  /// Reading and writing again gives the same bytes, so nothing is lost on the way.
  @Test func roundTrip() throws {
    let directory = TemporaryDirectory()
    try aRun().write(directory: directory.path)
    #expect(try RunFile.read(directory: directory.path).json == aRun().json)
  }

  /// Every column of every file is explained, and in file order.
  @Test func dictionaryCoversTheHeaders() {
    for file in ResultFile.allCases {
      #expect(
        file.columns(reclamation: true).allSatisfy { !$0.meaning.isEmpty }, "\(file.rawValue)")
    }
    #expect(ResultFile.vms.columns(reclamation: false).count == 6 + VMColumn.count)
    #expect(ResultFile.hosts.columns(reclamation: false).count == 5 + HostColumn.count)
  }

  @Test func noRunIsATypedError() {
    let error = #expect(throws: RunReadError.self) { try RunFile.read(directory: "/nonexistent") }
    #expect(error?.path == "/nonexistent/run.json")
  }
}
