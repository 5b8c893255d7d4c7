"""Workbooks and estates that the import tests make themselves: small .xlsx files written by hand."""

import io
import zipfile
from xml.sax.saxutils import escape

INFO = ["VM", "Powerstate", "Template", "CPUs", "Memory", "Resource pool", "Datacenter", "Cluster", "Host"]
CPU = ["VM", "CPUs", "Overall", "Level", "Shares", "Reservation", "Entitlement", "DRS Entitlement", "Limit"]
MEMORY = ["VM", "Size MiB", "Consumed", "Swapped", "Ballooned", "Active", "Entitlement", "DRS Entitlement", "Shares",
          "Reservation", "Limit"]
HOST = ["Host", "Datacenter", "Cluster", "CPU Model", "Speed", "HT Active", "# CPU", "Cores per CPU", "# Cores",
        "CPU usage %", "# Memory", "Memory usage %", "# VMs", "# vCPUs", "in Maintenance Mode"]
ROOT = "/DC/prod/Resources"

# Two hosts of 2 × 8 cores at 2.5 GHz and 128 GiB; four VMs that run, one that is off and a template.
ESTATE = {
    "vInfo": [
        INFO,
        ["web", "poweredOn", "False", 4, 8192, ROOT + "/gold", "DC", "prod", "esx1.example.org"],
        ["app", "poweredOn", "False", 2, 4096, ROOT + "/gold/inner", "DC", "prod", "esx1.example.org"],
        ["db", "poweredOn", "False", 8, 32768, ROOT, "DC", "prod", "esx2.example.org"],
        ["idle", "poweredOn", "False", 1, 2048, ROOT, "DC", "prod", "esx2.example.org"],
        ["old", "poweredOff", "False", 2, 4096, ROOT, "DC", "prod", "esx2.example.org"],
        ["golden image", "poweredOff", "True", 2, 4096, ROOT, "DC", "prod", "esx2.example.org"],
    ],
    "vCPU": [
        CPU,
        ["web", 4, 2500, "normal", 4000, 0, 3000, 3100, -1],
        ["app", 2, 500, "high", 4000, 1000, 600, 650, 4000],
        ["db", 8, 10000, "normal", 8000, 4000, 11000, 11500, -1],
        ["idle", 1, 25, "normal", 1000, 0, 40, 45, -1],
    ],
    "vMemory": [
        MEMORY,
        ["web", 8192, 6144, 0, 0, 2048, 5000, 5100, 81920, 0, -1],
        ["app", 4096, 4096, 0, 0, 1024, 3000, 3100, 81920, 1024, -1],
        ["db", 32768, 32768, 0, 0, 16384, 30000, 30500, 327680, 16384, -1],
        ["idle", 2048, 512, 0, 0, 0, 400, 410, 20480, 0, -1],
    ],
    "vHost": [
        HOST,
        ["esx1.example.org", "DC", "prod", "Some CPU", 2500, "True", 2, 8, 16, 8, 131072, 12, 2, 6, "False"],
        ["esx2.example.org", "DC", "prod", "Some CPU", 2500, "True", 2, 8, 16, 26, 131072, 30, 2, 9, "False"],
    ],
    "vRP": [
        ["Resource Pool name", "Resource Pool path", "CPU limit", "CPU reservation", "CPU shares",
         "CPU expandableReservation", "Mem limit", "Mem reservation", "Mem shares", "Mem expandableReservation"],
        ["Resources", ROOT, -1, 0, 4000, "True", -1, 0, 163840, "True"],
        ["gold", ROOT + "/gold", -1, 6000, 8000, "True", 65536, 8192, 327680, "False"],
    ],
    "vCluster": [
        ["Name", "NumHosts", "NumCpuCores", "HA enabled", "Failover Level", "AdmissionControlEnabled", "DRS enabled",
         "DRS default VM behavior", "DRS vmotion rate"],
        ["prod", 2, 32, "True", 1, "True", "True", "fullyAutomated", 3],
    ],
}


def column(index):
    """0 is A, 26 is AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def cell(row, index, value, strings):
    place = f'{column(index)}{row}'
    if value is None:
        return f'<c r="{place}"/>'
    if isinstance(value, tuple):  # a formula and what was stored beside it
        formula, stored = value
        return f'<c r="{place}"><f>{escape(formula)}</f>' + (f'<v>{stored}</v>' if stored is not None else '') + '</c>'
    if isinstance(value, (int, float)):
        return f'<c r="{place}"><v>{value}</v></c>'
    if strings is None:
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{place}" t="s"><v>{strings.setdefault(value, len(strings))}</v></c>'


def sheet_xml(rows, strings, declared=None, blank=""):
    """`declared` rows in the dimension, those behind `rows` as `blank` (a format with {row})."""
    body = "".join(
        f'<row r="{number}">' + "".join(cell(number, index, value, strings) for index, value in enumerate(row)) + "</row>"
        for number, row in enumerate(rows, start=1)
    )
    if declared:
        body += "".join(blank.format(row=number) for number in range(len(rows) + 1, declared + 1)) if blank else ""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<dimension ref="A1:{column(max(map(len, rows)) - 1)}{declared or len(rows)}"/>'
        f"<sheetData>{body}</sheetData></worksheet>"
    )


def workbook(sheets, path=None, inline=False, declared=None, blank="", method=zipfile.ZIP_DEFLATED):
    """Writes {tab: rows}; returns the bytes where no path is given."""
    strings = None if inline else {}
    target = path or io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as book:
        parts = {name: sheet_xml(rows, strings, declared, blank) for name, rows in sheets.items()}
        names = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(parts, start=1))
        book.writestr(
            "xl/workbook.xml",
            '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r='
            f'"http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>{names}</sheets></workbook>')
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            "<Relationships>" + "".join(
                f'<Relationship Id="rId{n}" Target="worksheets/sheet{n}.xml"/>' for n in range(1, len(parts) + 1))
            + "</Relationships>")
        for number, text in enumerate(parts.values(), start=1):
            book.writestr(f"xl/worksheets/sheet{number}.xml", text)
        if strings:
            book.writestr(
                "xl/sharedStrings.xml",
                "<sst>" + "".join(f"<si><t>{escape(text)}</t></si>" for text in strings) + "</sst>")
    return None if path else target.getvalue()


def folder(sheets, path, separator=",", encoding="utf-8", number=str):
    """Writes {tab: rows} as RVTools' CSV files."""
    path.mkdir(exist_ok=True)
    for name, rows in sheets.items():
        lines = [separator.join(number(v) if isinstance(v, (int, float)) else v for v in row) for row in rows]
        (path / f"RVTools_tab{name}.csv").write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
    return path
