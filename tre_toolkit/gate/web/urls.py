"""Which address is which page."""

from __future__ import annotations

from django.urls import path

from tre_toolkit.gate.web import api, oidc, pages, review_pages, staff_pages

urlpatterns = [
    path("", pages.home),
    path("sign-in", pages.sign_in),
    path("sign-out", pages.sign_out),
    path("oidc/start", oidc.start),
    path("oidc/back", oidc.back),
    path("help", pages.help_page),
    path("you", pages.profile),
    path("you/remove_second_factor", pages.remove_factor),
    path("static/<str:name>", pages.static),
    path("requests", pages.my_requests),
    path("requests/new", pages.new_request),
    path("requests/<int:number>", pages.request_page),
    path("requests/<int:number>/files", pages.add_files),
    path("requests/<int:number>/do/<str:verb>", pages.do),
    path("requests/<int:number>/files/<int:version>", review_pages.file_page),
    path("requests/<int:number>/files/<int:version>/content", review_pages.content),
    path("requests/<int:number>/files/<int:version>/changes", review_pages.changes),
    path("requests/<int:number>/files/<int:version>/download", review_pages.download),
    path("queue", staff_pages.queue),
    path("audit", staff_pages.audit_page),
    path("metrics", staff_pages.metrics),
    path("accounts", staff_pages.accounts_page),
    path("accounts/<str:login>/<str:verb>", staff_pages.change_account),
    path("api/v1/requests", api.requests_list),
    path("api/v1/requests/<int:number>", api.request_one),
    path("api/v1/requests/<int:number>/files", api.add_file),
    path("api/v1/requests/<int:number>/files/<int:version>", api.file_one),
    path("api/v1/requests/<int:number>/files/<int:version>/content", api.file_content),
    path("api/v1/requests/<int:number>/files/<int:version>/changes", api.file_changes),
    path("api/v1/requests/<int:number>/files/<int:version>/download", review_pages.download),
    path("api/v1/requests/<int:number>/<str:verb>", api.do),
    path("api/v1/queue", api.queue),
    path("api/v1/metrics", api.metrics),
    path("api/v1/audit", api.audit_events),
    path("api/v1/you/<str:verb>", api.own_account_do),
    path("api/v1/accounts", api.accounts_list),
    path("api/v1/accounts/<str:login>/<str:verb>", api.account_do),
]
handler400 = "tre_toolkit.gate.web.pages.bad_request"
handler404 = "tre_toolkit.gate.web.pages.not_found"
handler500 = "tre_toolkit.gate.web.pages.broken"
