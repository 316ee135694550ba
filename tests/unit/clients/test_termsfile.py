"""Terms as a file, and terms as protobuf: nothing is lost, nothing is guessed."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from support.land import exchange, lease, parcel

from landseal.clients import convert, termsfile
from landseal.clients.cli.paper import CHOICES_ZH, LABELS
from landseal.clients.errors import LandsealError
from landseal.clients.localreasons import SENTENCES, LocalReason
from landseal.contract.v1 import contract_pb2
from landseal.server.domain.reasons import Reason
from landseal.server.domain.terms import ContractTerms, ParcelPart, TransferKind, empty_terms

SAMPLES = (lease(), exchange(), empty_terms(TransferKind.LEASE), lease(parts=(ParcelPart(parcel(1).code, 100),)))


@pytest.mark.parametrize("terms", SAMPLES)
def test_terms_come_back_from_a_file_and_from_a_message(terms: ContractTerms) -> None:
    assert termsfile.parse(termsfile.dump(terms)) == terms
    data = convert.terms_to_proto(terms).SerializeToString()
    assert convert.terms(contract_pb2.ContractTerms.FromString(data)) == terms


def test_the_template_can_be_read_and_has_every_field() -> None:
    content = json.loads(termsfile.template())
    assert {each.name for each in fields(ContractTerms)} == set(content) - {"_choices"}
    assert termsfile.parse(termsfile.template()).kind is TransferKind.LEASE


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"kind": "LEASE", "kind": "EXCHANGE"}', '{"rent_fen": 1.5}', '{"rent_fen": true}', "null",
     '{"may_mortgage": 1}', '{"parts": [{"parcel_code": 1, "area_m2": 1}]}', '{"parts": 5}', '{"start_date": 5}',
     '{"special_terms": null}', '{"late_per_ten_thousand": -2}'],
)  # fmt: skip
def test_a_file_that_could_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(LandsealError) as caught:
        termsfile.parse(text)
    assert caught.value.reason is LocalReason.TERMS_FILE_FAULTY


def test_every_term_and_choice_has_a_label_and_every_local_reason_a_sentence() -> None:
    assert [each.name for each in fields(ContractTerms)] == list(LABELS)
    assert {each.name for kind in convert.CHOICES.values() for each in kind if each.value} == set(CHOICES_ZH)
    assert set(SENTENCES) == set(LocalReason)
    assert not {each.value for each in LocalReason} & {each.value for each in Reason}


def test_a_choice_that_this_client_does_not_know_is_not_shown_as_something_else() -> None:
    message = convert.terms_to_proto(lease())
    message.kind = 99  # type: ignore[assignment]  # a number from a newer server
    with pytest.raises(LandsealError) as caught:
        convert.terms(message)
    assert caught.value.reason is LocalReason.SERVER_ANSWER_ODD
