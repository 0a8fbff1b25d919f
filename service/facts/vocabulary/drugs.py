"""Drug names: one canonical lower-case name each, the words a caller or a rule may use for it, and its classes.

Names and brands that stand in records are read by the terminology (``record/data/terminology.json``), where the codes
are too; a test holds that it knows every name of this list.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from service.facts.vocabulary.comedication import COMEDICATION

# name -> (classes it implies, other names)
_DRUGS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "blinatumomab": (("anti-CD19", "immunotherapy"), ("blincyto", "blina")),
    "inotuzumab ozogamicin": (
        ("anti-CD22", "immunotherapy"),
        ("inotuzumab", "inotuzumab-ozogamicin", "inotuzumab_ozogamicin", "InO", "besponsa"),
    ),
    "tisagenlecleucel": (("CAR-T", "anti-CD19", "immunotherapy"), ("kymriah", "tisa-cel", "CTL019")),
    "brexucabtagene autoleucel": (
        ("CAR-T", "anti-CD19", "immunotherapy"),
        ("tecartus", "brexu-cel", "KTE-X19", "brexucabtagene", "brexucabtagene-autoleucel"),
    ),
    "obecabtagene autoleucel": (
        ("CAR-T", "anti-CD19", "immunotherapy"),
        ("aucatzyl", "obe-cel", "AUTO1", "obecabtagene", "obecabtagene-autoleucel"),
    ),
    "axicabtagene ciloleucel": (("CAR-T", "anti-CD19", "immunotherapy"), ("yescarta", "axi-cel", "axicabtagene")),
    "lisocabtagene maraleucel": (("CAR-T", "anti-CD19", "immunotherapy"), ("breyanzi", "liso-cel", "lisocabtagene")),
    "imatinib": (("TKI", "targeted"), ("gleevec", "glivec", "imatinib mesylate")),
    "dasatinib": (("TKI", "targeted"), ("sprycel", "phyrago")),
    "nilotinib": (("TKI", "targeted"), ("tasigna", "danziten")),
    "bosutinib": (("TKI", "targeted"), ("bosulif",)),
    "ponatinib": (("TKI", "targeted"), ("iclusig",)),
    "asciminib": (("TKI", "targeted"), ("scemblix",)),
    "olverembatinib": (("TKI", "targeted"), ("HQP1351",)),
    "ruxolitinib": (("JAK-inhibitor", "targeted"), ("jakafi", "jakavi")),
    "revumenib": (("menin-inhibitor", "targeted"), ("revuforj", "SNDX-5613")),
    "ziftomenib": (("menin-inhibitor", "targeted"), ("komzifti", "KO-539")),
    "venetoclax": (("BCL2-inhibitor", "targeted"), ("venclexta", "venclyxto")),
    "bortezomib": (("proteasome-inhibitor", "targeted"), ("velcade",)),
    "daratumumab": (("anti-CD38", "immunotherapy", "biologic"), ("darzalex",)),
    "rituximab": (("anti-CD20", "immunotherapy", "biologic"), ("rituxan", "mabthera", "truxima", "ruxience")),
    "obinutuzumab": (("anti-CD20", "immunotherapy", "biologic"), ("gazyva", "gazyvaro")),
    "ofatumumab": (("anti-CD20", "immunotherapy", "biologic"), ("arzerra",)),
    "nelarabine": (("chemotherapy",), ("arranon", "atriance")),
    "clofarabine": (("chemotherapy",), ("clolar", "evoltra")),
    "fludarabine": (("chemotherapy",), ("fludara",)),
    "cytarabine": (("chemotherapy",), ("ara-c", "cytosine arabinoside", "cytosar")),
    "cytarabine-liposomal": (("cytarabine", "chemotherapy"), ("IT liposomal cytarabine", "depocyt")),
    "methotrexate": (("chemotherapy",), ("MTX", "amethopterin", "high-dose methotrexate", "HD-MTX")),
    "mercaptopurine": (("thiopurine", "chemotherapy"), ("6-mercaptopurine", "6-MP", "6MP", "purixan", "purinethol")),
    "thioguanine": (("thiopurine", "chemotherapy"), ("tioguanine", "6-TG", "6-thioguanine", "lanvis")),
    "vincristine": (("vinca-alkaloid", "chemotherapy"), ("VCR", "oncovin", "vincasar")),
    "vincristine-liposomal": (
        ("vinca-alkaloid", "chemotherapy"),
        ("VSLI", "marqibo", "vincristine sulfate liposome injection", "liposomal vincristine", "vincristine liposomal"),
    ),
    "vindesine": (("vinca-alkaloid", "chemotherapy"), ("eldisine",)),
    "vinblastine": (("vinca-alkaloid", "chemotherapy"), ("velban",)),
    "vinorelbine": (("vinca-alkaloid", "chemotherapy"), ("navelbine",)),
    "daunorubicin": (("anthracycline", "chemotherapy"), ("cerubidine", "DNR")),
    "doxorubicin": (("anthracycline", "chemotherapy"), ("adriamycin",)),
    "idarubicin": (("anthracycline", "chemotherapy"), ("idamycin", "zavedos")),
    "epirubicin": (("anthracycline", "chemotherapy"), ("ellence", "farmorubicin")),
    "pirarubicin": (("anthracycline", "chemotherapy"), ()),
    "aclarubicin": (("anthracycline", "chemotherapy"), ()),
    "mitoxantrone": (("anthracenedione", "chemotherapy"), ("novantrone",)),
    "daunorubicin-cytarabine-liposomal": (("anthracycline", "chemotherapy"), ("vyxeos", "CPX-351")),
    "cyclophosphamide": (("alkylator", "chemotherapy"), ("cytoxan", "endoxan", "CPM")),
    "ifosfamide": (("alkylator", "chemotherapy"), ("ifex",)),
    "etoposide": (("chemotherapy",), ("VP-16", "vepesid", "etopophos")),
    "teniposide": (("chemotherapy",), ("VM-26", "vumon")),
    "thiotepa": (("alkylator", "chemotherapy"), ("tepadina",)),
    "busulfan": (("alkylator", "chemotherapy"), ("busulfex",)),
    "treosulfan": (("alkylator", "chemotherapy"), ("trecondi", "grafapex")),
    "melphalan": (("alkylator", "chemotherapy"), ("alkeran",)),
    "amsacrine": (("chemotherapy",), ("m-amsa",)),
    "azacitidine": (("chemotherapy",), ("vidaza",)),
    "decitabine": (("chemotherapy",), ("dacogen",)),
    "pegaspargase": (("asparaginase", "chemotherapy", "E-coli-asparaginase"), ("oncaspar", "PEG-asparaginase")),
    "calaspargase pegol": (
        ("asparaginase", "chemotherapy", "E-coli-asparaginase"),
        ("calaspargase", "calaspargase-pegol", "calaspargase pegol-mknl", "cal-PEG", "asparlas"),
    ),
    "asparaginase-erwinia": (
        ("asparaginase", "chemotherapy"),
        ("erwinia asparaginase", "erwinase", "erwinaze", "rylaze", "enrylaze", "crisantaspase", "JZP-458",
         "asparaginase erwinia chrysanthemi", "asparaginase erwinia chrysanthemi (recombinant)-rywn"),
    ),
    "asparaginase-e-coli": (
        ("asparaginase", "chemotherapy", "E-coli-asparaginase"),
        ("L-asparaginase", "elspar", "spectrila", "kidrolase"),
    ),
    "dexamethasone": (("corticosteroid",), ("decadron", "dexa")),
    "prednisone": (("corticosteroid",), ()),
    "prednisolone": (("corticosteroid",), ()),
    "methylprednisolone": (("corticosteroid",), ("medrol", "solu-medrol")),
    "hydrocortisone": (("corticosteroid",), ("solu-cortef",)),
    "betamethasone": (("corticosteroid",), ("celestone",)),
    "triamcinolone": (("corticosteroid",), ("kenalog", "volon")),
    "cortisone": (("corticosteroid",), ()),
    "deflazacort": (("corticosteroid",), ("calcort", "emflaza")),
    "leucovorin": (("folate-rescue",), ("folinic acid", "calcium folinate")),
    "levoleucovorin": (("folate-rescue",), ("levofolinic acid", "fusilev", "khapzory")),
    "glucarpidase": ((), ("voraxaze", "carboxypeptidase G2")),
    "mesna": ((), ("mesnex", "uromitexan")),
    "dexrazoxane": ((), ("zinecard", "cardioxane")),
    "filgrastim": (("G-CSF",), ("neupogen", "zarxio", "nivestym")),
    "tbo-filgrastim": (("G-CSF",), ("granix",)),
    "pegfilgrastim": (("G-CSF",), ("neulasta",)),
    "lenograstim": (("G-CSF",), ("granocyte",)),
    "sargramostim": (("GM-CSF",), ("leukine",)),
    "tocilizumab": (("biologic",), ("actemra", "roactemra")),
    "siltuximab": (("biologic",), ("sylvant",)),
    "anakinra": (("biologic",), ("kineret",)),
    "defibrotide": ((), ("defitelio",)),
    "ursodiol": ((), ("ursodeoxycholic acid", "ursofalk", "actigall")),
    "omeprazole": (("PPI",), ("prilosec",)),
    "pantoprazole": (("PPI",), ("protonix",)),
    "lansoprazole": (("PPI",), ("prevacid",)),
    "rabeprazole": (("PPI",), ("aciphex",)),
    "esomeprazole": (("PPI",), ("nexium",)),
    "dexlansoprazole": (("PPI",), ("dexilant",)),
    "cimetidine": (("H2-blocker",), ("tagamet",)),
    "ranitidine": (("H2-blocker",), ("zantac",)),
    "famotidine": (("H2-blocker",), ("pepcid",)),
    "nizatidine": (("H2-blocker",), ("axid",)),
    "fluconazole": (("azole", "QT-prolonging"), ("diflucan",)),
    "isavuconazole": (("azole",), ("cresemba", "isavuconazonium sulfate")),
    "itraconazole": (("azole", "strong-CYP3A4-inhibitor", "QT-prolonging"), ("sporanox",)),
    "voriconazole": (("azole", "strong-CYP3A4-inhibitor", "QT-prolonging"), ("vfend",)),
    "posaconazole": (("azole", "strong-CYP3A4-inhibitor", "QT-prolonging"), ("noxafil",)),
    "ketoconazole": (("azole", "strong-CYP3A4-inhibitor", "QT-prolonging"), ("nizoral",)),
    "clarithromycin": (("strong-CYP3A4-inhibitor", "QT-prolonging"), ("biaxin",)),
    "ritonavir": (("strong-CYP3A4-inhibitor",), ("norvir", "paxlovid")),
    "cobicistat": (("strong-CYP3A4-inhibitor",), ("tybost",)),
    "nefazodone": (("strong-CYP3A4-inhibitor",), ()),
    "telithromycin": (("strong-CYP3A4-inhibitor",), ("ketek",)),
    "saquinavir": (("strong-CYP3A4-inhibitor",), ("invirase",)),
    "indinavir": (("strong-CYP3A4-inhibitor",), ("crixivan",)),
    "nelfinavir": (("strong-CYP3A4-inhibitor",), ("viracept",)),
    "lopinavir": (("strong-CYP3A4-inhibitor",), ("kaletra",)),
    "idelalisib": (("strong-CYP3A4-inhibitor",), ("zydelig",)),
    "ceritinib": (("strong-CYP3A4-inhibitor",), ("zykadia",)),
    "tucatinib": (("strong-CYP3A4-inhibitor",), ("tukysa",)),
    "ribociclib": (("strong-CYP3A4-inhibitor",), ("kisqali",)),
    "rifampin": (("CYP3A4-inducer",), ("rifampicin", "rifadin")),
    "phenytoin": (("CYP3A4-inducer",), ("dilantin",)),
    "carbamazepine": (("CYP3A4-inducer",), ("tegretol",)),
    "phenobarbital": (("CYP3A4-inducer",), ()),
    "st john's wort": (("CYP3A4-inducer",), ("hypericum perforatum",)),
    "allopurinol": (("xanthine-oxidase-inhibitor",), ("zyloprim",)),
    "febuxostat": (("xanthine-oxidase-inhibitor",), ("uloric",)),
    "rasburicase": ((), ("elitek", "fasturtec")),
    "levetiracetam": ((), ("keppra",)),
    "levofloxacin": (("QT-prolonging",), ("levaquin",)),
    "micafungin": ((), ("mycamine",)),
    "caspofungin": ((), ("cancidas",)),
    "enoxaparin": (("anticoagulant",), ("lovenox", "clexane")),
    "sulfamethoxazole-trimethoprim": ((), ("TMP-SMX", "co-trimoxazole", "bactrim", "cotrim", "sulfamethoxazole")),
    "trimethoprim": ((), ()),
    "pentamidine": (("QT-prolonging",), ()),
    "atovaquone": ((), ("mepron",)),
    **COMEDICATION,
}  # fmt: skip

# Words for treatments that are no single drug, as they stand in histories beside drugs.
_TREATMENTS: Mapping[str, tuple[str, ...]] = {
    "hyper-CVAD": ("HyperCVAD", "hyper-CVAD without TKI", "hyperCVAD"),
    "augmented-hyper-CVAD": ("augmented hyper-CVAD", "augmented hyperCVAD"),
    "mini-hyper-CVD": ("mini-hyperCVD", "mini hyper-CVD"),
    "BFM-like": ("BFM",),
    "CALGB-8811-Larson": ("Larson", "CALGB 8811"),
    "IT chemotherapy": ("intrathecal chemotherapy", "IT"),
    "maintenance": (),
    "cranial radiation": ("cranial-radiation", "cranial irradiation"),
    "radiation": ("radiotherapy",),
    "TBI": ("total body irradiation",),
    "DLI": ("donor lymphocyte infusion",),
    "allo-HCT": ("allogeneic-hct", "allogeneic-sct", "allo-SCT"),
    "auto-HCT": ("autologous-hct", "auto-SCT"),
}

_CLASS_ALIASES: Mapping[str, str] = {"H2-antagonist": "H2-blocker", "H2 blocker": "H2-blocker", "CAR T": "CAR-T"}

# What a regimen surely contains. "maintenance" differs by protocol, so nothing is taken for granted there.
_REGIMEN_DRUGS: Mapping[str, tuple[str, ...]] = {
    "hyper-CVAD": ("cyclophosphamide", "vincristine", "doxorubicin", "dexamethasone", "methotrexate", "cytarabine"),
    "augmented-hyper-CVAD": ("cyclophosphamide", "vincristine", "doxorubicin", "dexamethasone", "methotrexate",
                             "cytarabine", "asparaginase"),
    "mini-hyper-CVD": ("cyclophosphamide", "vincristine", "dexamethasone", "methotrexate", "cytarabine"),
    "BFM-like": ("vincristine", "anthracycline", "corticosteroid", "asparaginase", "cyclophosphamide", "cytarabine",
                 "mercaptopurine", "methotrexate"),
    "CALGB-8811-Larson": ("cyclophosphamide", "daunorubicin", "vincristine", "prednisone", "asparaginase"),
    "maintenance": ("chemotherapy",),
    "IT chemotherapy": ("chemotherapy",),
}  # fmt: skip
_CYTOTOXIC = "chemotherapy"


def _with_classes(names: tuple[str, ...]) -> tuple[str, ...]:
    """Drugs and classes, with the classes of each drug."""
    classes = (c for name in names if name in _DRUGS for c in _DRUGS[name][0])
    return tuple(dict.fromkeys((*names, *classes)))


DRUG_NAMES: tuple[str, ...] = tuple(_DRUGS)
CLASSES: tuple[str, ...] = tuple(dict.fromkeys(c for classes, _ in _DRUGS.values() for c in classes if c not in _DRUGS))
DRUGS: tuple[str, ...] = (*DRUG_NAMES, *CLASSES)
TREATMENTS: tuple[str, ...] = tuple(_TREATMENTS)
IMPLIES: Mapping[str, tuple[str, ...]] = {
    **{name: classes for name, (classes, _) in _DRUGS.items() if classes},
    **{regimen: _with_classes(drugs) for regimen, drugs in _REGIMEN_DRUGS.items()},
}
DRUG_ALIASES: Mapping[str, str] = {
    **{alias: name for name, (_, aliases) in _DRUGS.items() for alias in aliases},
    **_CLASS_ALIASES,
}
TREATMENT_ALIASES: Mapping[str, str] = {alias: name for name, aliases in _TREATMENTS.items() for alias in aliases}

_CONCEPT_NAMES = {
    "asparaginase": "asparaginase",
    "asparaginase_erwinia_chrysanthemi": "asparaginase-erwinia",
    "asparaginase_native_e_coli": "asparaginase-e-coli",
    "vincristine_liposomal": "vincristine-liposomal",
    "daunorubicin_and_cytarabine_liposomal": "daunorubicin-cytarabine-liposomal",
    "st_john_s_wort": "st john's wort",
    "sulfamethoxazole": "sulfamethoxazole-trimethoprim",
    "tbo_filgrastim": "tbo-filgrastim",
}
# Terminology group ("therapy.inotuzumab_ozogamicin") to drug name, or to the class where the group tells no more.
DRUG_OF_CONCEPT: Mapping[str, str] = {
    **{f"therapy.{name.replace(' ', '_').replace('-', '_').lower()}": name for name in _DRUGS},
    **{f"therapy.{concept}": name for concept, name in _CONCEPT_NAMES.items()},
    "course.car_t": "CAR-T",
}


def may_hide(members: Collection[str], token: str) -> bool:
    """Whether a list that names a class or a regimen could hold a drug or class without naming it.

    "TKI" in a list may be dasatinib and "maintenance" may hold any cytotoxic drug, so their absence from the list as
    words proves nothing; "dasatinib" brings the class TKI along and hides nothing.

    >>> may_hide(["TKI"], "dasatinib"), may_hide(["dasatinib", "TKI"], "ponatinib"), may_hide(["TKI"], "rituximab")
    (True, False, False)
    """
    explained = {word for member in members if member in _DRUGS for word in _DRUGS[member][0]}
    vague = {member for member in members if member in CLASSES and member not in explained}
    if any(member in _REGIMEN_DRUGS and member != "IT chemotherapy" for member in members):
        vague.add(_CYTOTOXIC)
    held = [(name, classes) for name, (classes, _) in _DRUGS.items() if vague.intersection(classes)]
    return any(token == name or token in classes for name, classes in held)
