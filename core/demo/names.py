"""Invented people: name parts that combine freely, and the cases that a list must survive."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

FIRST = (
    "Adelia Agung Aisyah Alfian Amelia Anggun Anita Asep Ayu Bambang Bayu Budi Cahya Citra "
    "Danang Dedi Desi Dian Dimas Dwi Eka Endah Erna Fajar Farida Fauzan Galih Gilang Hana "
    "Hendra Herlina Ika Indah Intan Irfan Joko Kartika Khairul Lestari Lina Lukman Maharani "
    "Megawati Mira Nadia Nanda Nia Novi Nur Oktavia Panji Prima Puji Putra Rahma Ratih Rendi "
    "Rina Rizky Sari Septian Sinta Siska Sulastri Taufik Teguh Tiara Tri Umi Utami Vina Wahyu "
    "Wening Widya Wulan Yani Yoga Yulia Zahra Zainal "
).split()
LAST = (
    "Adiputra Anggraeni Aprilia Ardiansyah Astuti Cahyono Fadillah Firmansyah Gunawan Hakim "
    "Handoko Haryanto Hidayat Indrawati Iskandarsyah Kurniawan Kusuma Mahendra Maulana "
    "Mulyani Nugraha Nurhayati Oktaviani Pambudi Permata Prasetya Pratama Purnama Puspita "
    "Rahayu Ramadhan Saputra Setiawan Siregar Subagyo Suryani Susanti Syahputra Tanjung Utomo "
    "Wibowo Wijaya Winarti Wulandari Yuliana Zulkarnain "
).split()
AFTER = ("", "", "", "", "S.Pd.", "S.I.Pust.", "A.Md.", "S.Sos.", "S.Kom.", "S.Hum.")
POSITIONS = ("Pustakawan", "Tenaga teknis perpustakaan", "Pengelola perpustakaan")


@dataclass(frozen=True)
class Invented:
    name: str
    before: str = ""
    after: str = ""


EDGE_CASES = (
    Invented("Sukarno"),
    Invented("Ni'matul"),
    Invented("Siti Nur'aini", "Hj.", "S.Pd.I., M.M."),
    Invented("M. Arsyad Al-Banjari", "H."),
    Invented("I Gusti Ayu Made Puspitasari Dewi Wulandari", after="S.I.Pust."),
    Invented("Yohanes B. Kogoya"),
    Invented("Sri Wahyuni"),
    Invented("Sri Wahyuni", after="A.Md."),
)


def people(chance: random.Random) -> Iterator[Invented]:
    """Without end; no combination comes twice."""
    used: set[str] = set()
    while True:
        name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
        if name not in used:
            used.add(name)
            yield Invented(name, after=chance.choice(AFTER))
