app_name = "practitioner"
urlpatterns: list = []
