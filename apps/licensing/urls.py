"""The addresses of releases and of the licensing desk."""

from django.urls import path

from apps.licensing.views import licensee_desk, licensees, objections, offers, pages, refusals

app_name = "licensing"
urlpatterns = [
    path("", pages.releases, name="releases"),
    path("live/", pages.live, name="live"),
    path("refusals/", refusals.refusals, name="refusals"),
    path("completeness/", refusals.completeness, name="completeness"),
    path("announced/", offers.announced, name="announced"),
    path("announced.json", offers.announced_json, name="announced_json"),
    path("announced.atom", offers.announced_atom, name="announced_atom"),
    path("waiting/", offers.waiting, name="waiting"),
    path("objections/<int:objection_id>/", objections.objection, name="objection"),
    path("mine/", pages.mine, name="mine"),
    path("desk/", pages.desk, name="desk"),
    path("desk/draft/", pages.new_draft, name="new_draft"),
    path("desk/licensees/new/", pages.new_licensee, name="new_licensee"),
    path("compare/", pages.compare, name="compare"),
    path("back-tests/<int:proposal_id>/", pages.back_test_proposal, name="back_test"),
    path("<int:release_id>/", pages.release, name="release"),
    path("<int:release_id>/replay/", pages.replay, name="replay"),
    path("<int:release_id>/items.ndjson", pages.items, name="items"),
    path("<int:release_id>/seal/", pages.seal_draft, name="seal"),
    path("<int:release_id>/cancel/", pages.cancel_release, name="cancel"),
    path("<int:release_id>/build/", pages.build, name="build"),
    # Licensees and what they agree to, for everybody.
    path("licensees/", licensees.licensees, name="licensees"),
    path("agreements/", licensees.agreements, name="agreements"),
    path("agreements/<int:version>/", licensees.agreement, name="agreement"),
    path("agreements/<int:version>/agreement.txt", licensees.agreement_file, name="agreement_file"),
    path("schema/", licensee_desk.schema, name="schema"),
    path("schema/invented-rows.<slug:form>", licensee_desk.schema_file, name="schema_file"),
    # The officer's.
    path("desk/agreements/new/", licensees.new_text, name="new_text"),
    path("desk/licensees/<int:licensee_id>/", licensees.licensee, name="licensee"),
    path("desk/licensees/<int:licensee_id>/<slug:what>/", licensees.act, name="licensee_act"),
    path(
        "desk/licensees/<int:licensee_id>/recipients/<int:recipient_id>/end/",
        licensees.end_recipient,
        name="end_recipient",
    ),
    path("desk/licensees/<int:licensee_id>/keys/<int:key_id>/revoke/", licensees.revoke_key, name="revoke_key"),
    path("desk/requests/<int:request_id>/", licensees.access_request, name="request"),
    path("desk/requests/<int:request_id>/draft/", licensees.draft_request, name="draft_request"),
    # The licensee's own.
    path("mine/terms/", licensee_desk.terms, name="terms"),
    path("mine/keys/", licensee_desk.keys, name="keys"),
    path("mine/keys/<int:key_id>/revoke/", licensee_desk.revoke_own_key, name="revoke_own_key"),
    path("mine/recipients/", licensee_desk.recipients, name="recipients"),
    path("mine/recipients/<int:recipient_id>/end/", licensee_desk.end_own_recipient, name="end_own_recipient"),
    path("mine/requests/", licensee_desk.requests, name="requests"),
    path("mine/requests/new/", licensee_desk.new_request, name="new_request"),
    path("mine/requests/<int:request_id>/", licensee_desk.own_request, name="own_request"),
    path("mine/requests/<int:request_id>/withdraw/", licensee_desk.withdraw_request, name="withdraw_request"),
    path("<int:release_id>/offers/new/", offers.new_offer, name="new_offer"),
    path("<int:release_id>/offers/<int:number>/approve/", offers.approve_offer, name="approve"),
    path("<int:release_id>/offers/<int:number>/refuse/", offers.say_no, name="say_no"),
    path("<int:release_id>/offers/<int:number>/open/", offers.open_offer, name="open"),
    path("<int:release_id>/offers/<int:number>/object/", objections.new_objection, name="object"),
]
