"""The HTTP application (Starlette): the API and what stands before it; what answers are is in the rooms beside this.

``application.create_app`` puts the parts together, and ``server.serve`` runs them until a signal. A part calls the
service in a worker thread (``in_threads.in_thread``), never in the event loop. The service raises the project's errors;
``problems.status_of`` says which status each is.
"""
