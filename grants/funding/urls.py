"""Pages of grants.funding."""

from django.urls import path

from grants.funding import views

app_name = "funding"
urlpatterns = [
    path("pledges", views.pledge_list, name="pledge-list"),
    path("pledges/new", views.pledge_create, name="pledge-create"),
    path("pledges/<str:public_id>", views.pledge_detail, name="pledge-detail"),
    path("pledges/<str:public_id>/accept", views.pledge_accept, name="pledge-accept"),
    path("pledges/<str:public_id>/suspend", views.pledge_suspend, name="pledge-suspend"),
    path("pledges/<str:public_id>/resume", views.pledge_resume, name="pledge-resume"),
    path("pledges/<str:public_id>/withdraw", views.pledge_withdraw, name="pledge-withdraw"),
    path("pledges/<str:public_id>/close", views.pledge_close, name="pledge-close"),
    path("staff/duties", views.obligation_list, name="obligation-list"),
    path("staff/duties/<str:public_id>/accept", views.obligation_accept, name="obligation-accept"),
    path("staff/duties/<str:public_id>/send-back", views.obligation_send_back, name="obligation-send-back"),
]
