"""Makes the workbooks of this folder.

Run with openpyxl 3.1.5: `python make_tables.py`. What openpyxl cannot write, values of formulas
among it, is put into its XML.
"""
import datetime
import os
import zipfile

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904

HERE = os.path.dirname(os.path.abspath(__file__))
SHEET = "xl/worksheets/sheet1.xml"


def path(name):
    return os.path.join(HERE, name)


def save(workbook, name, edit=None):
    """Saves a workbook, always with the same times; `edit` changes the XML of its first sheet."""
    workbook.properties.created = workbook.properties.modified = datetime.datetime(2024, 1, 1)
    workbook.save(path(name))
    with zipfile.ZipFile(path(name)) as archive:
        files = {entry: archive.read(entry) for entry in archive.namelist()}
    if edit:
        files[SHEET] = edit(files[SHEET].decode()).encode()
    with zipfile.ZipFile(path(name), "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, data in files.items():
            archive.writestr(zipfile.ZipInfo(entry, (2024, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)


def book(*rows):
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    return workbook


def kinds():
    workbook = book(
        ("id", " label ", "number", "flag", "seen", "note"),
        ("007", "Tumor", 3.0, True, datetime.date(2024, 1, 31), None),
        ("b 2", "für <&> \U0001F600", 0.1, False, datetime.datetime(2024, 1, 31, 12, 30), " x "),
        (),
        (12, None, 1e-7, None, datetime.time(23, 59, 59), "a\nb"),
        (-5, "hidden", 123456789012345678901, None, datetime.datetime(2020, 2, 29, 0, 0, 1), ""),
        ("_x0041_", "TRUE", -2.5, None, datetime.date(1900, 1, 1), 1e300),
        (1e15, None, 0.30000000000000004, None, datetime.date(1900, 3, 1), None),
        (),
    )
    sheet = workbook.active
    sheet.row_dimensions[6].hidden = True
    sheet["H20"].font = openpyxl.styles.Font(bold=True)
    return workbook


def prefixed(xml):
    """The same sheet as other programs write it: with a prefix on each name."""
    for name in ("worksheet", "sheetData", "row", "c", "v", "is", "t", "f"):
        for start in (f"<{name}", f"</{name}"):
            for end in (" ", ">", "/"):
                xml = xml.replace(start + end, start.replace(name, f"x:{name}") + end)
    return xml.replace("xmlns=", "xmlns:x=", 1)


def several():
    workbook = openpyxl.Workbook()
    workbook.active.title = "Empty"
    workbook.create_chartsheet("Chart")
    for name in ("Patients", "Notes", "More"):
        workbook.create_sheet(name).append([f"{name} id"])
    workbook["Patients"].append([1])
    workbook.create_sheet("Empty too")
    return workbook


def formulas():
    return book(("id", "sum", "text", "nothing"), (1, "=A2+2", '=A2&"x"', '=""'))


def computed(xml):
    xml = xml.replace("<f>A2+2</f><v></v>", "<f>A2+2</f><v>3</v>").replace("<f>A2+2</f><v />", "<f>A2+2</f><v>3</v>")
    for cell, formula, value in (("C2", 'A2&amp;"x"', "1x"), ("D2", '""', "")):
        for empty in ("<v></v>", "<v />", "<v/>"):
            xml = xml.replace(
                f'<c r="{cell}"><f>{formula}</f>{empty}</c>',
                f'<c r="{cell}" t="str"><f>{formula}</f><v>{value}</v></c>',
            )
    return xml


def error(cell):
    workbook = book(("id", "label"), (1, "a"), (2, "b"))
    workbook.active[cell] = "#N/A"
    return workbook


def early(epoch):
    workbook = openpyxl.Workbook()
    workbook.epoch = epoch
    for row in (("day",), (datetime.date(1904, 1, 2),), (datetime.date(2024, 2, 29),)):
        workbook.active.append(row)
    return workbook


def iso():
    workbook = book(("at",), (datetime.datetime(2024, 7, 1, 6, 5, 4),), (datetime.date(2024, 7, 1),))
    workbook.iso_dates = True
    return workbook


def inline(xml):
    """Many cells, in more XML than the library takes at once."""
    def row(number):
        text = f"text {number}" + " &amp; more" * (number % 7)
        rich = f"<r><t>{number}</t></r><r><t xml:space=\"preserve\"> rich</t></r>"
        return (
            f'<row r="{number}"><c r="A{number}"><v>{number * 1234567}</v></c>'
            f'<c r="B{number}" t="inlineStr"><is><t>{text}</t></is></c>'
            f'<c r="C{number}" t="inlineStr"><is>{rich}</is></c></row>'
        )

    rows = "".join(row(number) for number in range(2, 2500))
    return xml.replace("</sheetData>", rows + "</sheetData>")


save(kinds(), "kinds.xlsx")
save(kinds(), "prefixed.xlsx", prefixed)
save(several(), "several.xlsx")
save(openpyxl.Workbook(), "empty.xlsx")
save(formulas(), "formulas.xlsx", computed)
save(formulas(), "not_computed.xlsx")
save(error("B3"), "error.xlsx")
save(error("B1"), "error_in_header.xlsx")
save(early(CALENDAR_MAC_1904), "from_1904.xlsx")
save(iso(), "iso_dates.xlsx")
save(book(("number", "text", "rich")), "long.xlsx", inline)
far = book(("id", "label"), (1, "a"))
far.active["XFD3"] = far.active["A1048576"] = "far"
save(far, "far.xlsx")
beyond = book(("id", "label"), (1, "a"), (2, "b", None, "beyond"))
save(beyond, "beyond.xlsx")
