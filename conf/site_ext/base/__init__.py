"""What all wings lean on: errors, files, git, machine, versions, frameworks, values, and the
roles, nodes, links and state that Sphinx's side shares."""
