"""Genetics of the leukemia and pharmacogenes."""

from __future__ import annotations

from service.facts.vocabulary.base import boolean, category, number, text, token_set

_G = "genetics"
_FUSIONS = (
    "BCR::ABL1", "KMT2A-r", "KMT2A::AFF1", "KMT2A::MLLT1", "KMT2A::MLLT3", "KMT2A::AFDN", "KMT2A::MLLT10",
    "ETV6::RUNX1", "TCF3::PBX1", "TCF3::HLF", "IGH::IL3", "IGH::MYC", "IGH::CRLF2", "P2RY8::CRLF2",
)  # fmt: skip
_MUTATIONS = (
    "T315I", "T315A", "F317L", "F317V", "F317I", "F317C", "V299L", "G250E", "Q252H", "Y253H", "Y253F", "E255K",
    "E255V", "F359V", "F359C", "F359I", "A337T", "A337V", "P465S", "M244V",
)  # fmt: skip
_ALLELES = ("normal", "intermediate", "poor", "indeterminate")

TYPES = (
    text("karyotype", "karyotype", group=_G, read_from="ISCN string (Observation, report)"),
    number("modal_chromosome_number", "modal chromosome number", low=20, high=200, group=_G, read_from="karyotype"),
    category("ploidy", "ploidy", "near-haploid", "low-hypodiploid", "hypodiploid", "diploid", "hyperdiploid",
             "high-hyperdiploid", "near-triploid", "near-tetraploid", group=_G,
             value_aliases={"hyperdiploid-high": "high-hyperdiploid", "near haploid": "near-haploid"},
             read_from="modal chromosome number"),
    number("dna_index", "DNA index", low=0.3, high=5, group=_G),
    number("chromosomal_abnormality_count", "number of chromosomal abnormalities", low=0, high=200, group=_G,
           read_from="karyotype; recurrent translocations are counted"),
    boolean("complex_karyotype", "complex karyotype (5 or more abnormalities)", group=_G),
    token_set("trisomies", "trisomies of 4, 10 and 17", "4", "10", "17", group=_G, pattern=r"\d{1,2}",
              value_aliases={"+4": "4", "+10": "10", "+17": "17"}),
    token_set("fusions", "gene fusions", *_FUSIONS, group=_G, pattern=r"[A-Z0-9]+::[A-Z0-9]+",
              implies={name: ("KMT2A-r",) for name in _FUSIONS if name.startswith("KMT2A::")},
              value_aliases={"BCR-ABL1": "BCR::ABL1", "BCR-ABL": "BCR::ABL1", "MLL-r": "KMT2A-r", "KMT2A": "KMT2A-r",
                             "TEL-AML1": "ETV6::RUNX1", "E2A-PBX1": "TCF3::PBX1"},
              read_from="karyotype, FISH, RT-PCR, genomics reporting"),
    boolean("kmt2a", "KMT2A rearrangement", group=_G, value_aliases={"rearranged": "true", "not-rearranged": "false"},
            aliases=("kmt2a_r",)),
    boolean("t_4_11", "t(4;11)", group=_G),
    boolean("tcf3_hlf", "TCF3::HLF", group=_G),
    boolean("iamp21", "iAMP21", group=_G, read_from="FISH"),
    boolean("ikzf1", "IKZF1 deletion", group=_G),
    boolean("ph_like", "Ph-like (BCR::ABL1-like)", group=_G),
    category("kinase_class", "kinase class of Ph-like disease", "ABL-class", "JAK-STAT", "other", group=_G),
    boolean("crlf2_r", "CRLF2 rearrangement", group=_G),
    boolean("epor_r", "EPOR rearrangement", group=_G),
    boolean("jak2_fusion", "JAK2 fusion", group=_G),
    boolean("il7r_indel", "IL7R insertion or deletion", group=_G),
    boolean("sh2b3_alteration", "SH2B3 alteration", group=_G),
    category("ph_status", "Ph (BCR::ABL1) status", "positive", "negative", group=_G,
             value_aliases={"Ph+": "positive", "Ph-": "negative"},
             read_from="t(9;22), FISH, transcript or diagnosis code; a normal karyotype alone does not settle it",
             no_means="a negative FISH or PCR taken at diagnosis or relapse"),
    token_set("abl1_mutations", "ABL1 kinase domain mutations", *_MUTATIONS, group=_G, pattern=r"[A-Z]\d{2,4}[A-Z]",
              no_means="a mutation test without finding", read_from="variant observations, HGVS, text"),
    boolean("abl1_mutation_tested", "ABL1 mutation testing done", group=_G),
    number("abl1_mutations_count", "number of ABL1 mutations", low=0, high=50, group=_G),
    category("cytogenetic_risk", "cytogenetic risk", "good", "standard", "intermediate", "poor", "unlisted", group=_G,
             value_aliases={"high": "poor", "favorable": "good"}),
    boolean("good_risk_feature_present", "good-risk genetic feature present", group=_G),
    boolean("poor_risk_feature_present", "poor-risk genetic feature present", group=_G),
    category("tpmt", "TPMT phenotype", *_ALLELES, group=_G),
    category("nudt15", "NUDT15 phenotype", *_ALLELES, group=_G),
)  # fmt: skip
