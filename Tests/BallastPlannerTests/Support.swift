import BallastManager
import BallastMath
import BallastModel
import BallastPlanner
import BallastScenario
import BallastTraces

let catalogs = CatalogNames(
  placement: placementCatalog.map { ($0.name, $0.summary) },
  memory: memoryCatalog.map { ($0.name, $0.summary) },
  traceFormats: TraceFormat.catalog.map { ($0.name, $0.summary) },
  distributions: BallastMath.Distribution.catalog.map { ($0.name, $0.summary) })

struct NoFiles: Error {}

func draft(_ text: String) throws -> ScenarioDraft {
  var texts = SourceTexts()
  return try ScenarioDraft(
    path: "estate.yaml", bytes: Array(text.utf8), catalogs: catalogs, environment: { _ in nil },
    readFile: { _ in throw NoFiles() }, workingDirectory: "/", texts: &texts)
}

func bench(_ text: String, workers: Int = 2) throws -> TrialBench {
  try TrialBench(draft(text), workers: workers)
}

let standardModel = AllocationModel(cpuRatio: .init(4_000_000), memoryRatio: .one)

/// Four hosts of 8 cores at 1000 MHz and 64 GiB; 20 VMs of 2 vCPUs that want 40 %: 800 MHz each, 16000 MHz in all.
let estate = """
  ballast: 1
  name: estate
  duration: 1h
  control: {interval: 5m}
  hypervisor: {profile: esxi, host_reserve: 0MiB, vm_overhead: 0MiB}
  clusters:
    - name: prod
      hosts: [{name: esx, count: 4, cpu: {cores: 8, mhz: 1000}, memory: 64GiB}]
  vms:
    - {name: web, count: 20, vcpus: 2, memory: 4GiB, workload: {cpu: 40%}}
  policies: {admission: strict}
  expect:
    - {metric: cpu_ready_pct_per_vcpu, of: {vms: "*"}, statistic: p95, at_most: 5}
  """
