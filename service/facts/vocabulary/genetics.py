"""Genetics of the leukemia and pharmacogenes."""

from __future__ import annotations

from service.facts.vocabulary.base import boolean, category, number, text, token_set

_G = "genetics"
_FUSIONS = (
    "BCR::ABL1", "KMT2A-r", "KMT2A::AFF1", "KMT2A::MLLT1", "KMT2A::MLLT3", "KMT2A::AFDN", "KMT2A::MLLT10",
    "KMT2A::ELL", "KMT2A::EPS15", "KMT2A::USP2", "KMT2A::MLLT6", "KMT2A::MLLT11", "KMT2A::AFF3", "KMT2A::TET1",
    "KMT2A::SEPTIN6", "KMT2A::SEPTIN9", "KMT2A::CREBBP", "ETV6::RUNX1", "TCF3::PBX1", "TCF3::HLF", "IGH::IL3", "IGH::MYC",
    "IGH::CRLF2", "IGH::DUX4", "P2RY8::CRLF2", "NUP214::ABL1", "ETV6::ABL1", "EBF1::PDGFRB", "PAX5::JAK2", "BCR::JAK2",
    "STIL::TAL1", "PICALM::MLLT10",
)  # fmt: skip
_MUTATIONS = (
    "T315I", "T315A", "F317L", "F317V", "F317I", "F317C", "V299L", "G250E", "Q252H", "Y253H", "Y253F", "E255K",
    "E255V", "F359V", "F359C", "F359I", "A337T", "A337V", "P465S", "M244V",
)  # fmt: skip
# BCR-ABL1 and BCR/ABL1, as laboratories still write it
_OLD_NOTATION = {name.replace("::", sign): name for name in _FUSIONS if "::" in name for sign in "-/"}
_ALLELES = ("normal", "intermediate", "poor", "indeterminate")
_RISKS = ("good", "standard", "intermediate", "poor", "conflict", "unlisted")
_RISK_WORDS = {"high": "poor", "favorable": "good"}

TYPES = (
    text("karyotype", "karyotype", group=_G, read_from="ISCN string (Observation, report)", codes=("karyotype.iscn",)),
    number("modal_chromosome_number", "modal chromosome number", low=20, high=200, group=_G, read_from="karyotype"),
    category("ploidy", "ploidy", "near-haploid", "low-hypodiploid", "hypodiploid", "near-diploid", "diploid", "hyperdiploid",
             "high-hyperdiploid", "near-triploid", "near-tetraploid", group=_G,
             value_aliases={"hyperdiploid-high": "high-hyperdiploid", "near haploid": "near-haploid"},
             read_from="modal chromosome number"),
    number("dna_index", "DNA index", low=0.3, high=5, group=_G, read_from="Observation (flow cytometry)",
           codes=("genetics.dna_index",)),
    number("chromosomal_abnormality_count", "number of chromosomal abnormalities", low=0, high=200, group=_G,
           read_from="karyotype; recurrent translocations are counted"),
    boolean("complex_karyotype", "complex karyotype (5 or more abnormalities)", group=_G,
            read_from="number of chromosomal abnormalities"),
    token_set("trisomies", "trisomies of 4, 10 and 17", "4", "10", "17", group=_G, pattern=r"\d{1,2}",
              value_aliases={"+4": "4", "+10": "10", "+17": "17"}, read_from="karyotype, FISH"),
    token_set("fusions", "gene fusions", *_FUSIONS, group=_G, pattern=r"[A-Z0-9]+::[A-Z0-9]+|[A-Z0-9]+-r",
              implies={name: ("KMT2A-r",) for name in _FUSIONS if name.startswith("KMT2A::")},
              value_aliases={**_OLD_NOTATION, "BCR-ABL": "BCR::ABL1", "BCR/ABL": "BCR::ABL1", "MLL-r": "KMT2A-r", "KMT2A": "KMT2A-r", "TEL-AML1": "ETV6::RUNX1", "E2A-PBX1": "TCF3::PBX1"},
              read_from="karyotype, FISH, RT-PCR, genomics reporting; a rearrangement whose partner is not known: KMT2A-r",
              codes=("genetics.fish", "genetics.variant", "genetics.bcr_abl1_presence")),
    boolean("kmt2a", "KMT2A rearrangement", group=_G, value_aliases={"rearranged": "true", "not-rearranged": "false"},
            aliases=("kmt2a_r",), read_from="fusions, karyotype 11q23, FISH", no_means="a test for it without finding"),
    boolean("t_4_11", "t(4;11)", group=_G, read_from="karyotype, fusions"),
    boolean("tcf3_hlf", "TCF3::HLF", group=_G, read_from="fusions, t(17;19)"),
    boolean("iamp21", "iAMP21", group=_G, read_from="FISH: named, or five or more RUNX1 signals per nucleus", codes=("genetics.fish",), no_means="FISH without it"),
    boolean("ikzf1", "IKZF1 deletion", group=_G, read_from="copy number or variant observation, text; a mutation counts too",
            codes=("genetics.gene", "genetics.variant"), no_means="a test for it without finding"),
    boolean("ph_like", "Ph-like (BCR::ABL1-like)", group=_G, read_from="genomics report, diagnosis text",
            codes=("genetics.subtype",), no_means="a test for it without finding"),
    category("kinase_class", "kinase class of Ph-like disease", "ABL-class", "JAK-STAT", "other", group=_G,
             read_from="fusions or rearrangements of ABL-class or JAK-STAT genes, or the class by name"),
    boolean("crlf2_r", "CRLF2 rearrangement", group=_G, read_from="fusions, FISH, flow",
            no_means="a test for it without finding"),
    boolean("epor_r", "EPOR rearrangement", group=_G, read_from="fusions, genomics report"),
    boolean("jak2_fusion", "JAK2 fusion", group=_G, read_from="fusions, genomics report"),
    boolean("il7r_indel", "IL7R insertion or deletion", group=_G, read_from="variant observation"),
    boolean("sh2b3_alteration", "SH2B3 alteration", group=_G, read_from="variant observation"),
    category("ph_status", "Ph (BCR::ABL1) status", "positive", "negative", group=_G,
             value_aliases={"Ph+": "positive", "Ph-": "negative"},
             read_from="t(9;22), FISH, transcript or diagnosis code; a normal karyotype alone does not settle it",
             no_means="a negative FISH or PCR taken at diagnosis or relapse",
             codes=("genetics.ph_status", "genetics.bcr_abl1_presence")),
    token_set("abl1_mutations", "ABL1 kinase domain mutations", *_MUTATIONS, group=_G, pattern=r"[A-Z]\d{2,4}[A-Z]",
              no_means="a mutation test without finding",
              read_from="variant observations, HGVS (isoform 1b brought to 1a), text; one that no table lists is named so",
              codes=("genetics.abl1_kd_mutation", "genetics.variant")),
    boolean("abl1_mutation_tested", "ABL1 mutation testing done", group=_G,
            read_from="any ABL1 mutation report, also one without finding", no_means="an explicit statement"),
    boolean("abl1_tested_since_relapse", "ABL1 mutations tested since the present relapse", group=_G,
            read_from="date of the newest ABL1 mutation report against that of the newest relapse",
            no_means="the newest report is from before the relapse"),
    number("abl1_mutations_count", "number of ABL1 mutations", low=0, high=50, group=_G,
           read_from="ABL1 mutations found"),
    category("cytogenetic_risk", "cytogenetic risk", *_RISKS, group=_G, value_aliases=_RISK_WORDS,
             read_from="genetic features by the newest list that is printed; conflict: good and poor features together"),
    category("cytogenetic_risk_by", "cytogenetic risk by edition", *_RISKS, group=_G, value_aliases=_RISK_WORDS,
             parameters=("nccn-2015", "nccn-adult-2-2025", "nccn-pediatric-1-2026"),
             read_from="genetic features by the list of that edition"),
    boolean("good_risk_feature_present", "good-risk genetic feature present", group=_G,
            read_from="hyperdiploidy, ETV6::RUNX1", no_means="each of them excluded"),
    boolean("poor_risk_feature_present", "poor-risk genetic feature present", group=_G,
            read_from="hypodiploidy, KMT2A rearrangement, BCR::ABL1, complex karyotype",
            no_means="each of them excluded"),
    category("tpmt", "TPMT phenotype", *_ALLELES, group=_G,
             read_from="genotype (star alleles, variants), phenotype, or enzyme activity against the laboratory's ranges", codes=("fitness.tpmt", "fitness.pgx")),
    category("nudt15", "NUDT15 phenotype", *_ALLELES, group=_G,
             read_from="genotype (star alleles, variants) or phenotype observation", codes=("fitness.nudt15", "fitness.pgx")),
)  # fmt: skip
