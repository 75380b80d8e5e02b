#!/usr/bin/env bash
# Puts the comment on the pull request, or replaces the one of an earlier run.
#
# Usage: bash scripts/pull-request-post.sh BODY_FILE
# Settings (from the workflow, never from the pull request's files):
#   REPOSITORY    owner/name
#   HEAD_OWNER    owner of the repository that the branch is in
#   HEAD_BRANCH   the branch
#   HEAD_SHA      the commit that was built
#   GH_TOKEN      may write pull requests
set -Eeuo pipefail

readonly marker='<!-- portway: what this change does -->'

# The open pull request of this commit. The number is looked up: the artifact was written by the pull request's code and
# could name another one.
pull_request() {
  gh api --method GET "repos/$REPOSITORY/pulls" -f state=open -f "head=$HEAD_OWNER:$HEAD_BRANCH" --jq '.[] | [.number, .head.sha] | @tsv' \
    | awk -v sha="$HEAD_SHA" '$2 == sha { print $1; exit }'
}

# Our own comment from an earlier run. A comment by someone else that contains the marker must not be overwritten.
earlier_comment() {
  gh api --paginate "repos/$REPOSITORY/issues/$1/comments" \
    --jq ".[] | select(.user.login == \"github-actions[bot]\" and (.body | startswith(\"$marker\"))) | .id" | head -n 1
}

main() {
  local body=$1 number comment
  number=$(pull_request)
  if [[ -z $number ]]; then
    echo "no open pull request has commit $HEAD_SHA at its head: it was closed or has moved on"
    return
  fi
  comment=$(earlier_comment "$number")
  if [[ -n $comment ]]; then
    gh api --method PATCH "repos/$REPOSITORY/issues/comments/$comment" -F "body=@$body" --silent
    echo "replaced the comment on pull request $number"
  else
    gh api --method POST "repos/$REPOSITORY/issues/$number/comments" -F "body=@$body" --silent
    echo "commented on pull request $number"
  fi
}

main "$@"
