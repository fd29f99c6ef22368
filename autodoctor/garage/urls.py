"""Addresses of the garage."""

from django.urls import path

from autodoctor.garage import link_views, upkeep_views, views

urlpatterns = [
    path("garage/", views.garage, name="garage"),
    path("garage/add/", views.add, name="add_car"),
    path("garage/<uuid:vehicle_id>/", views.car, name="car"),
    path("garage/<uuid:vehicle_id>/edit/", views.edit, name="edit_car"),
    path("garage/<uuid:vehicle_id>/remove/", views.remove, name="remove_car"),
    path("garage/<uuid:vehicle_id>/advice/", upkeep_views.advice, name="car_advice"),
    path("garage/<uuid:vehicle_id>/mileage/", upkeep_views.mileage, name="car_mileage"),
    path("garage/<uuid:vehicle_id>/sessions/", upkeep_views.sessions, name="car_sessions"),
    path("garage/<uuid:vehicle_id>/merge/", upkeep_views.merge, name="merge_car"),
    path("garage/<uuid:vehicle_id>/links/", link_views.links, name="car_links"),
    path("garage/<uuid:vehicle_id>/links/<uuid:link_id>/", link_views.preview, name="car_link"),
    path("garage/<uuid:vehicle_id>/links/<uuid:link_id>/revoke/", link_views.revoke, name="revoke_car_link"),
    path("garage/shared/<str:token>/", link_views.shared, name="shared_car"),
    path("garage/shared/<str:token>/files/<uuid:file_id>/", link_views.shared_file, name="shared_car_file"),
    path(
        "garage/shared/<str:token>/files/<uuid:file_id>/thumbnail/",
        link_views.shared_file,
        {"thumbnail": True},
        name="shared_car_thumbnail",
    ),
]
