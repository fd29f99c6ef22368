from django.urls import path

from autodoctor.booking import extension_panel, extension_views, views

urlpatterns = [
    path("", views.landing, name="landing"),
    path("tell-me-when/", views.tell_me_when, name="tell_me_when"),
    path("tell-me-when/confirm/", views.confirm_address, name="confirm_address"),
    path("book/", views.book, name="book"),
    path("book/vin/", views.vin_hint, name="vin_hint"),
    path("book/trouble-codes/", views.trouble_codes, name="trouble_codes"),
    path("account/card/", views.card, name="saved_card"),
    path("book/charge/", views.charge, name="charge"),
    path("sessions/<uuid:session_id>/checkout/", views.checkout, name="checkout"),
    path("sessions/<uuid:session_id>/extension/", extension_views.extension, name="session_extension"),
    path("sessions/<uuid:session_id>/extension/page/", extension_views.extension_page, name="extension_page"),
    path("sessions/<uuid:session_id>/more-time/", extension_panel.more_time, name="more_time"),
]
