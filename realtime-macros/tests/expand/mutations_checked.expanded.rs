// What mutations_checked.rs becomes.
impl Poll {
    /// Casts one vote.
    fn vote(&mut self, tx: &mut Tx<Poll>, choice: usize) -> Result<(), VoteError> {
        match 1 {
            r => {
                match &mut (
                    if false {
                        ::realtime_core::__private::lowered::on::<
                            ::realtime_core::__private::lowered::m::get_mut,
                            _,
                        >(&self.choices)
                    },
                    self.choices.get_mut(choice),
                )
                    .1
                    .ok_or(VoteError::NoSuchChoice)?
                    .votes
                {
                    l => {
                        if false {
                            *l += r
                        } else {
                            ::realtime_core::__private::lowered::add_assign(l, r)
                        }
                    }
                }
            }
        };
        self.total = match (
            match self.total {
                v => if false { -v } else { ::realtime_core::__private::lowered::neg(v) }
            },
            MAX,
        ) {
            (l, r) => {
                if false {
                    l + r
                } else {
                    ::realtime_core::__private::lowered::add(l, r)
                }
            }
        };
        Ok(())
    }
    fn clear(tx: &mut Tx<Poll>) {
        while tx.random(2) == 1 {}
    }
}
#[cfg(panic = "abort")]
::core::compile_error!(
    "a mutation that overflows is refused by unwinding: with `panic = \"abort\"` one client could stop the server. remove it from the profile"
);
#[automatically_derived]
#[allow(clippy::all, clippy::pedantic)]
impl ::realtime_core::__private::lowered::AllMutationsInOneImpl for Poll {
    type Def = ::realtime_core::__private::MutationDef<Self>;
    fn list() -> ::std::vec::Vec<Self::Def> {
        ::std::vec::Vec::from([
            {
                fn __realtime_allow(
                    principal: &<Poll as ::realtime_core::__private::SyncModel>::Principal,
                    entity: ::core::option::Option<&Poll>,
                    root: ::core::option::Option<
                        &<Poll as ::realtime_core::__private::SyncModel>::Root,
                    >,
                ) -> ::realtime_core::__private::Answer {
                    ::realtime_core::__private::Policy::<
                        _,
                        Poll,
                        _,
                    >::ask(&member, principal, entity, root)
                }
                ::realtime_core::__private::MutationDef {
                    name: "vote",
                    doc: "Casts one vote.",
                    receiver: ::realtime_core::__private::Receiver::Entity,
                    args: ::std::vec![
                        ::realtime_core::__private::ArgDef { rust : "choice", ty : <
                        usize as ::realtime_core::__private::Described > ::describe,
                        optional : false, rules :
                        ::std::vec![::realtime_core::__private::Rule::Range { min :
                        ::core::option::Option::None, max :
                        ::core::option::Option::Some(9f64) }] }
                    ],
                    returns: <() as ::realtime_core::__private::Described>::describe,
                    error: ::core::option::Option::Some(
                        ::realtime_core::__private::lowered::error_type::<VoteError>,
                    ),
                    optimistic: {
                        const TYPES: &[fn(
                            &mut ::realtime_core::__private::Types,
                        ) -> ::realtime_core::__private::Ty] = &[
                            ::realtime_core::__private::lowered::error_type::<VoteError>,
                        ];
                        const CONSTS: &[::realtime_core::__private::ConstDecl] = &[
                            (
                                "MAX",
                                |_| ::realtime_core::__private::lowered::Constant::ty(&MAX),
                                || ::realtime_core::__private::lowered::Constant::value(
                                    &MAX,
                                ),
                            ),
                        ];
                        ::realtime_core::__private::OptimisticDecl::Lowered {
                            file: ::core::file!(),
                            ir: "{\"stmts\":[{\"expr\":{\"at\":[6,9],\"id\":9,\"kind\":{\"assign_op\":[\"add\",{\"at\":[6,9],\"id\":7,\"kind\":{\"field\":[{\"at\":[6,9],\"id\":6,\"kind\":{\"try\":{\"at\":[6,9],\"id\":5,\"kind\":{\"method\":{\"args\":[{\"at\":[6,44],\"id\":4,\"kind\":{\"struct\":{\"base\":null,\"fields\":[],\"ty\":0,\"variant\":\"NoSuchChoice\"}}}],\"name\":\"ok_or\",\"recv\":{\"at\":[6,9],\"id\":3,\"kind\":{\"method\":{\"args\":[{\"at\":[6,30],\"id\":2,\"kind\":{\"local\":\"choice\"}}],\"name\":\"get_mut\",\"recv\":{\"at\":[6,9],\"id\":1,\"kind\":{\"field\":[{\"at\":[6,9],\"id\":0,\"kind\":{\"local\":\"self\"}},\"choices\"]}},\"ty\":null}}},\"ty\":null}}}}},\"votes\"]}},{\"at\":[6,79],\"id\":8,\"kind\":{\"lit\":{\"int\":[\"1\",null]}}}]}}},{\"expr\":{\"at\":[7,9],\"id\":17,\"kind\":{\"assign\":[{\"at\":[7,9],\"id\":11,\"kind\":{\"field\":[{\"at\":[7,9],\"id\":10,\"kind\":{\"local\":\"self\"}},\"total\"]}},{\"at\":[7,22],\"id\":16,\"kind\":{\"binary\":[\"add\",{\"at\":[7,22],\"id\":14,\"kind\":{\"unary\":[\"neg\",{\"at\":[7,23],\"id\":13,\"kind\":{\"field\":[{\"at\":[7,23],\"id\":12,\"kind\":{\"local\":\"self\"}},\"total\"]}}]}},{\"at\":[7,36],\"id\":15,\"kind\":{\"const\":0}}]}}]}}}],\"tail\":{\"at\":[8,9],\"id\":19,\"kind\":{\"call\":{\"args\":[{\"at\":[8,12],\"id\":18,\"kind\":{\"tuple\":[]}}],\"path\":[\"Ok\"],\"ty\":null}}}}",
                            types: TYPES,
                            consts: CONSTS,
                        }
                    },
                    writes: ::core::option::Option::Some(&["choices", "total"]),
                    conflict: ::realtime_core::__private::Conflict::Refuse,
                    anyone: false,
                    allow: ::core::option::Option::Some(__realtime_allow),
                    run: |tx, this, mut args| {
                        let argument_0 = args.next::<usize>("choice")?;
                        args.end()?;
                        let _ = (&tx, &this);
                        let ::core::option::Option::Some(this) = this else {
                            return ::core::result::Result::Err(
                                ::realtime_core::__private::Refusal::Missing,
                            );
                        };
                        let value = <Poll>::vote(this, tx, argument_0);
                        ::realtime_core::__private::lowered::resulted::<
                            (),
                            VoteError,
                        >(value)
                    },
                }
            },
            {
                ::realtime_core::__private::MutationDef {
                    name: "clear",
                    doc: "",
                    receiver: ::realtime_core::__private::Receiver::Topic,
                    args: ::std::vec![],
                    returns: <() as ::realtime_core::__private::Described>::describe,
                    error: ::core::option::Option::None,
                    optimistic: ::realtime_core::__private::OptimisticDecl::None,
                    writes: ::core::option::Option::Some(&[]),
                    conflict: ::realtime_core::__private::Conflict::Order,
                    anyone: false,
                    allow: ::core::option::Option::None,
                    run: |tx, this, mut args| {
                        args.end()?;
                        let _ = (&tx, &this);
                        let value = <Poll>::clear(tx);
                        ::realtime_core::__private::returned::<()>(value)
                    },
                }
            },
        ])
    }
}
