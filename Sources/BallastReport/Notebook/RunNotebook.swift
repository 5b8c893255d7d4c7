import Foundation

/// The text of a notebook on a run, or on a merged sweep: pandas and matplotlib on the CSV files, nothing of Ballast.
///
/// - Parameters:
///   - directory: where the results are now, to see what they are.
///   - shown: how the notebook names that place: "." where it lies in it.
public func notebookText(directory: String, shown: String) throws(ExportError) -> String {
  if access(directory + "/run.json", F_OK) == 0 {
    let run = try reading { () throws(RunReadError) in try RunFile.read(directory: directory) }
    return runNotebook(run, shown: shown).json
  }
  guard access(directory + "/results.csv", F_OK) == 0 else {
    throw .unreadable(
      RunReadError(
        path: directory, reason: "has neither run.json nor results.csv: it is no run and no sweep",
        isMissing: true))
  }
  return sweepNotebook(shown: shown).json
}

/// The lines that load modules of Python's own, and the two others that a notebook may use.
private func modules(_ own: [String]) -> String {
  let others = ["matplotlib.pyplot as plt", "pandas as pd"]
  return (own + [""] + others).map { $0.isEmpty ? "" : "import \($0)" }.joined(separator: "\n")
}

private func runNotebook(_ run: RunFile, shown: String) -> Notebook {
  Notebook(cells: [
    .words(
      "title",
      """
      # \(run.record.scenario)

      A run of Ballast \(run.ballastVersion). Every figure below is computed from the CSV files of the run; the cell
      *Totals* holds them against `run.json`. Needs pandas and matplotlib, and not Ballast.
      """),
    .code(
      "parameters", tags: ["parameters"],
      """
      # Where the files of the run are; papermill and `jupyter nbconvert` may set another.
      run_directory = \(pythonLiteral(shown))
      worst_vms = 10
      """),
    .code(
      "read",
      """
      \(modules(["json", "pathlib"]))

      folder = pathlib.Path(run_directory)
      run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
      text = {"vm": str, "host": str, "host_last": str, "pool": str, "cluster": str, "subject": str, "from": str, "to": str, "detail": str}
      # "NA" and "null" are names like any others.
      hosts, vms, summary, pools, events = (
          pd.read_csv(folder / name, dtype=text, keep_default_na=False, na_values={column: [""] for column in header})
          for name in ["hosts.csv", "vms.csv", "vms-summary.csv", "pools.csv", "events.csv"]
          for header in [[c["name"] for c in run["columns"][name] if c["format"] != "text"]]
      )
      figures = {figure["name"]: figure["value"] for figure in run["summary"]}
      pd.DataFrame(run["summary"]).set_index("name")
      """),
    .words("expectations-title", "## What was expected"),
    .code(
      "expectations",
      """
      expectations = pd.DataFrame(run["expectations"], columns=["text", "measured", "met"])
      expectations
      """),
    .words(
      "totals-title",
      """
      ## Totals

      Work is rate × time, added up over hosts and samples. What `run.json` says is rounded to a thousandth, and so are
      the cells of the CSV files: the two may differ by a thousandth or two, not more.
      """),
    .code(
      "totals",
      """
      def work(column):
          return (hosts[column] * hosts["interval_s"]).sum()

      on = hosts[hosts["state"] == "on"]
      totals = {
          "hosts": hosts["host"].nunique(),
          "vms": summary["vm"].nunique(),
          "cpu_used_pct": 100 * work("cpu_used_mhz") / work("cpu_capacity_mhz"),
          "cpu_used_pct_max": hosts["cpu_used_pct"].max(),
          "cpu_unmet_pct": 100 * (work("cpu_demand_mhz") - work("cpu_used_mhz")) / max(work("cpu_demand_mhz"), 1e-9),
          "cpu_ready_pct_per_vcpu_p95_max": summary["cpu_ready_pct_per_vcpu_p95"].max(),
          "mem_consumed_pct_max": (100 * hosts["mem_consumed_mib"] / hosts["mem_capacity_mib"]).max(),
      }
      check = pd.DataFrame({"computed": totals, "run.json": {name: figures[name] for name in totals}})
      check["difference"] = check["computed"] - check["run.json"]
      assert (check["difference"].abs() <= 0.002).all(), check
      check
      """),
    .words("hosts-title", "## Hosts"),
    .code(
      "hosts-cpu",
      """
      hours = hosts["time_s"] / 3600
      figure, axes = plt.subplots(2, 1, figsize=(10, 6), sharex=True)
      for name, rows in hosts.groupby("host"):
          axes[0].plot(rows["time_s"] / 3600, rows["cpu_used_pct"], label=name, linewidth=1)
          axes[1].plot(rows["time_s"] / 3600, 100 * rows["mem_consumed_mib"] / rows["mem_capacity_mib"], linewidth=1)
      axes[0].set_ylabel("CPU used, %")
      axes[1].set_ylabel("memory consumed, %")
      axes[1].set_xlabel("hours")
      if hosts["host"].nunique() <= 12:
          axes[0].legend(loc="upper right")
      figure.tight_layout()
      """),
    .words(
      "ready-title",
      """
      ## Who waits

      Ready time per vCPU: below 2.5 % nobody notices, from 5 % on users do, above 10 % something is wrong.
      """),
    .code(
      "ready-band",
      """
      if len(vms):
          over_vms = vms.groupby("time_s")["cpu_ready_pct_per_vcpu"]
          band = over_vms.quantile([0.05, 0.5, 0.95]).unstack()
          figure, axis = plt.subplots(figsize=(10, 4))
          axis.fill_between(band.index / 3600, band[0.05], band[0.95], alpha=0.3, label="5 % to 95 % of VMs")
          axis.plot(band.index / 3600, band[0.5], label="median")
          axis.plot(band.index / 3600, over_vms.max(), linewidth=0.8, label="worst VM")
          axis.axhline(5, linestyle="--", linewidth=0.8, color="grey")
          axis.set_ylabel("ready, % per vCPU")
          axis.set_xlabel("hours")
          axis.legend(loc="upper right")
          figure.tight_layout()
      """),
    .code(
      "worst",
      """
      columns = ["vm", "host_last", "pool", "cpu_ready_pct_per_vcpu_mean", "cpu_ready_pct_per_vcpu_p95", "mem_balloon_mib_max", "mem_swapped_mib_max", "slowdown_pct_max"]
      summary.sort_values(["cpu_ready_pct_per_vcpu_p95", "vm"], ascending=[False, True])[columns].head(worst_vms)
      """),
    .words("memory-title", "## Memory taken back"),
    .code(
      "memory",
      """
      taken = ["mem_shared_saved_mib", "mem_balloon_mib", "mem_compressed_mib", "mem_swapped_mib"]
      per_time = hosts.groupby("time_s")[taken].sum() / 1024
      figure, axis = plt.subplots(figsize=(10, 4))
      axis.stackplot(per_time.index / 3600, per_time.T.to_numpy(), labels=["sharing saves", "balloons", "compressed", "swapped"])
      axis.set_ylabel("GiB")
      axis.set_xlabel("hours")
      axis.legend(loc="upper left")
      figure.tight_layout()
      """),
    .words("events-title", "## Events"),
    .code(
      "events",
      """
      events.groupby("event").size().rename("rows").to_frame()
      """),
    .words(
      "parquet-title",
      """
      ## As Parquet

      With pyarrow installed, `vms.to_parquet(folder / "vms.parquet")` writes the rows of VMs for other tools.
      """),
  ])
}

private func sweepNotebook(shown: String) -> Notebook {
  Notebook(cells: [
    .words(
      "title",
      """
      # A sweep

      One row per point and repetition of the sweep, from `results.csv`. Needs pandas and matplotlib, and not Ballast.
      """),
    .code(
      "parameters", tags: ["parameters"],
      """
      # Where results.csv is, and what to look at: empty takes every axis, and the first metrics.
      sweep_directory = \(pythonLiteral(shown))
      axes = []
      metrics = []
      """),
    .code(
      "read",
      """
      \(modules(["json", "pathlib"]))

      folder = pathlib.Path(sweep_directory)
      results = pd.read_csv(folder / "results.csv")
      # sweep.json says which columns are axes, and which of them only repeat.
      described = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
      axes = axes or [axis["path"] for axis in described["axes"] if not axis["repetitions"]]
      numbers = results.select_dtypes("number").columns
      metrics = metrics or [c for c in described["metrics"] if c in numbers and results[c].nunique() > 1][:6]
      results
      """),
    .words("table-title", "## Means over repetitions"),
    .code(
      "table",
      """
      # In the order of the sweep: 8GiB comes before 16GiB.
      points = axes
      means = results.groupby(points, sort=False)[metrics].mean() if points and metrics else results
      means
      """),
    .words("curves-title", "## Along the first axis"),
    .code(
      "curves",
      """
      if points and metrics:
          figure, plots = plt.subplots(len(metrics), 1, figsize=(9, 3 * len(metrics)), squeeze=False)
          for plot, metric in zip(plots[:, 0], metrics):
              band = results.groupby(points[0], sort=False)[metric].agg(["min", "mean", "max"])
              x = band.index if pd.api.types.is_numeric_dtype(band.index) else range(len(band))
              plot.fill_between(x, band["min"], band["max"], alpha=0.3)
              plot.plot(x, band["mean"], marker="o")
              if not pd.api.types.is_numeric_dtype(band.index):
                  plot.set_xticks(list(x), [str(value) for value in band.index])
              plot.set_xlabel(points[0])
              plot.set_ylabel(metric)
          figure.tight_layout()
      """),
    .words("map-title", "## Two axes"),
    .code(
      "map",
      """
      if len(points) >= 2 and metrics:
          grid = results.pivot_table(index=points[0], columns=points[1], values=metrics[0], aggfunc="mean", sort=False)
          figure, plot = plt.subplots(figsize=(7, 5))
          image = plot.imshow(grid.to_numpy(), aspect="auto", origin="lower")
          plot.set_xticks(range(len(grid.columns)), [str(value) for value in grid.columns])
          plot.set_yticks(range(len(grid.index)), [str(value) for value in grid.index])
          plot.set_xlabel(points[1])
          plot.set_ylabel(points[0])
          figure.colorbar(image, label=metrics[0])
          figure.tight_layout()
      """),
  ])
}
