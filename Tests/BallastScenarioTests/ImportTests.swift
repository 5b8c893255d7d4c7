import BallastModel
import BallastScenario
import BallastUnits
import Testing

@Suite struct ImportTests {
  static let base = """
    ballast: 1
    duration: 1h
    clusters:
      - name: prod
        hosts: [{name: esx, cpu: {cores: 4, mhz: 2000}, memory: 64GiB}]
    traces: {t: {path: data/t}}
    vms:
      - {name: web, vcpus: 1, memory: 1GiB, cpu: {shares: high}}
      - {name: db, vcpus: 1, memory: 1GiB}
    events: [{at: 1m, power: {vm: web, state: off}}]
    """

  /// Maps merge by key, lists by name, unnamed items of lists add up, and the importing file wins.
  @Test func merges() throws {
    let text = """
      import: common/base.yaml
      duration: 2h
      vms:
        - {name: web, vcpus: 2, cpu: {limit: 1GHz}}
        - {name: new, vcpus: 1, memory: 1GiB}
      events: [{at: 2m, power: {vm: db, state: off}}]
      """
    let reading = Reading(
      text, path: "plans/main.yaml", files: ["plans/common/base.yaml": Self.base])
    #expect(reading.shown == "")
    let scenario = try #require(reading.scenario)
    #expect(scenario.name == "main")
    #expect(scenario.duration == .seconds(7_200))
    #expect(scenario.vms.map(\.name) == ["web", "db", "new"])
    #expect(scenario.vms[0].vcpus == 2)
    #expect(scenario.vms[0].cpu.shares == .high)
    #expect(scenario.vms[0].cpu.limit == .megahertz(1_000))
    #expect(scenario.events.count == 2)
    // A path starts at the folder of the file that names it.
    #expect(scenario.traces[0].path == "plans/common/data/t")
    #expect(
      scenario.vms[1].place
        == SourcePlace(file: "plans/common/base.yaml", line: 9, column: 5))
  }

  @Test func laterImportsWin() throws {
    let reading = Reading(
      "import: [a.yaml, b.yaml]\nname: x", files: ["a.yaml": Self.base, "b.yaml": "duration: 3h"])
    #expect(try #require(reading.scenario).duration == .seconds(10_800))
  }

  @Test func errorsKeepTheirFile() {
    let reading = Reading(
      "import: base.yaml\nseeed: 1",
      files: ["base.yaml": Self.base.replacing("memory: 64GiB", with: "memory: 64")])
    #expect(
      reading.shown == """
        web.yaml:2:1: error: unknown key "seeed" in the scenario; did you mean seed?
        seeed: 1
        ^
        base.yaml:5:61: error: memory: 64 has no unit; write 64GiB; units are B KB KiB MB MiB GB GiB \
        TB TiB
            hosts: [{name: esx, cpu: {cores: 4, mhz: 2000}, memory: 64}]
                                                                    ^
        """)
  }

  @Test func cyclesAreNamedWithTheirChain() {
    let files = ["b.yaml": "import: ./c.yaml", "./c.yaml": "import: sub/../b.yaml"]
    #expect(
      Reading("import: b.yaml\n" + small(), files: files).messages == [
        "files import each other: b.yaml → ./c.yaml → ./sub/../b.yaml; remove one import"
      ])
    #expect(
      Reading("import: web.yaml\n" + small()).messages == [
        "files import each other: web.yaml → web.yaml; remove one import"
      ])
  }

  @Test func missingImport() {
    let reading = Reading("import: nowhere.yaml\n" + small(), path: "a/b.yaml")
    #expect(
      reading.lines == [
        "1:9: cannot read a/nowhere.yaml: no such file; check the path; it starts at the folder of "
          + "the file that names it"
      ])
    #expect(reading.error?.problems.map(\.isMissingFile) == [true])
  }

  @Test func brokenImportDoesNotHideTheRest() {
    let reading = Reading("import: b.yaml\nseeed: 1\n" + small(), files: ["b.yaml": "a: [1"])
    #expect(reading.error?.problems.count == 2)
  }

  /// What a file lacks may be in an import that could not be read, and so may the names it uses: the import is all
  /// that is wrong. What is written in the file itself is still judged.
  @Test(arguments: [
    "import: nowhere.yaml", "import: nowhere.yaml\nvms: [{name: web, pool: gold}]",
    "import: nowhere.yaml\nevents: [{at: 1m, power: {vm: web, state: off}}]\nsweep: {vms.web.count: [1]}",
    "import: nowhere.yaml\nvms: [{name: web, cpu: {quota_period: 50ms}, affinity: {rule: must}}]",
  ])
  func missingImportIsAllThatIsWrong(text: String) {
    let reading = Reading(text, set: ["vms.web.vcpus=2"])
    #expect(reading.lines.count == 1 && reading.lines[0].hasPrefix("1:9: cannot read nowhere.yaml"))
    #expect(reading.error?.problems.map(\.isMissingFile) == [true])
    #expect(Reading(text + "\nseeed: 1").error?.problems.map(\.isMissingFile) == [true, false])
  }

  @Test func cycleOfFilesThatLackTheRest() {
    #expect(
      Reading("import: b.yaml\nballast: 1", files: ["b.yaml": "import: web.yaml"]).messages == [
        "files import each other: web.yaml → b.yaml → web.yaml; remove one import"
      ])
  }

  @Test func importsShareTheLimitOfBytes() {
    let long = "#" + String(repeating: "x", count: 9 << 20) + "\na: 1"
    let reading = Reading("import: [a.yaml, b.yaml]", files: ["a.yaml": long, "b.yaml": long])
    #expect(
      reading.messages.contains { $0.hasPrefix("a scenario with its imports may have 16 MiB") })
  }
}
